using Kleene.Build.Builder.Contexts;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Copying;

/// <summary>
/// Makes the tree of a COPY from that of an earlier one that asked the same of the same parent: what is the same is shared, and what is other is
/// copied. The tree is the one that a copy from nothing would have made; where that is not certain, nothing is done.
/// </summary>
internal sealed class CopyUpdater(SnapshotCatalog snapshots, UpdateRule rule)
{
    /// <summary>The earlier copy, and what is other now; null when all is to be copied.</summary>
    public (EarlierCopy Copy, TreeDelta Delta)? Find(string question, SnapshotId? parent, TreeManifest files)
    {
        if (snapshots.EarlierCopies.Find(question, parent) is not { } earlier)
        {
            return null;
        }

        var delta = TreeDelta.Between(earlier.Files, files);
        return rule.IsLittle(delta, files) ? (earlier, delta) : null;
    }

    /// <summary>A tree to commit; null when something is in the way, or the earlier copy has just been removed.</summary>
    /// <exception cref="FileChangedException">The files are no longer what was hashed.</exception>
    public async Task<SnapshotDraft?> TryDraftAsync(
        CopyPlan plan, (EarlierCopy Copy, TreeDelta Delta) known, SnapshotId? parent, CopyManner manner, CancellationToken cancellationToken)
    {
        SnapshotDraft? draft = null;
        try
        {
            await using var view = parent is { } below ? await snapshots.OpenAsync(below, cancellationToken) : null;
            using var belowRoot = view is null ? null : RootedDirectory.Open(view.Path);
            if ((plan.OnlyDirectory is null && !CopyTarget.IsDirectoryIn(belowRoot, plan.Destination, manner))
                || TreeUpdate.TryPlan(known.Delta, plan.Placed(manner), known.Copy.Directory, belowRoot) is not { } update)
            {
                return null;
            }

            draft = await snapshots.ReviseAsync(known.Copy.Snapshot, cancellationToken);
            var owner = known.Copy.Owner ?? (plan.Origin.KeepsOwners ? null : FileOwner.Root);
            await Task.Run(
                () =>
                {
                    using var target = RootedDirectory.Open(draft.Path);
                    update.Apply(plan.Origin.Root, target, owner, manner.Permissions, manner.LiesOver, cancellationToken);
                },
                cancellationToken);
            return draft;
        }
        catch (Exception exception)
        {
            if (draft is not null)
            {
                await draft.DisposeAsync();
            }

            switch (exception)
            {
                case FileChangedException:
                    throw plan.Changed();
                case KleeneException:
                    // Copying all either succeeds where this did not, or says what is wrong in its own words.
                    return null;
                default:
                    throw;
            }
        }
    }
}

/// <summary>When a copy is made from an earlier one.</summary>
/// <param name="LeastFiles">Below so many, copying all is as fast.</param>
/// <param name="LeastBytes">Unless they are so large together.</param>
/// <param name="LargestShare">
/// Of files and bytes that are other. With more, all are copied: that is then the earlier copy for the next ones, which have less to do again.
/// </param>
internal sealed record UpdateRule(int LeastFiles, long LeastBytes, double LargestShare)
{
    public static UpdateRule Default { get; } = new(1000, 32L << 20, 0.1);

    public bool IsWorth(TreeManifest files) => files.Count >= LeastFiles || files.Bytes >= LeastBytes;

    public bool IsLittle(TreeDelta delta, TreeManifest files) =>
        delta.Count <= LargestShare * files.Count && delta.Bytes <= LargestShare * files.Bytes;
}
