using System.Collections.Immutable;
using System.Diagnostics;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Fetching;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>COPY: done on the host, inside the tree; the image needs no tools for it, and no jail ever sees the context.</summary>
internal sealed class CopyStepRunner(SnapshotCatalog snapshots, ContextCopies context, RemoteCopier remotes, UpdateRule rule)
{
    private readonly CopyUpdater updater = new(snapshots, rule);

    /// <param name="origin">The tree of a stage or an image; null for the context, and for the empty tree.</param>
    public async Task<StepOutcome> RunAsync(
        BuildStep.Copy step, StepPlace place, StepInput input, SnapshotId? origin, CancellationToken cancellationToken)
    {
        var known = KnownOf(step, place, input);
        try
        {
            await using var updated = known is null ? null : await TryUpdateAsync(known, step, input, cancellationToken);
            if (updated is not null)
            {
                return new StepOutcome.Built(await input.CommitAsync(updated, cancellationToken));
            }
        }
        catch (FileChangedException exception)
        {
            return new StepOutcome.Failed(null, exception.Message);
        }

        await using var draft = await snapshots.DraftAsync(input.Parent, WorkspaceUse.BuildStep, cancellationToken);
        CopiedDirectory? copied;
        try
        {
            copied = await CopyAsync(step, place, origin, draft, cancellationToken);
            HeredocFileWriter.Write(step.Heredocs, step.Destination, draft.Path, CopyManner.Of(step));
        }
        catch (KleeneException exception)
        {
            return new StepOutcome.Failed(null, exception.Message);
        }

        var snapshot = await input.CommitAsync(draft, cancellationToken);
        if (known is not null && copied is not null && snapshot == draft.Id)
        {
            snapshots.EarlierCopies.Save(known.Question, new EarlierCopy(snapshot, copied.Path, copied.Owner, known.Files));
        }

        return new StepOutcome.Built(snapshot);
    }

    /// <summary>What is copied, when it is so much that the next copy should have less to do.</summary>
    private KnownCopy? KnownOf(BuildStep.Copy step, StepPlace place, StepInput input) =>
        step is { From: TreeOrigin.Context or TreeOrigin.Named, Sources.IsEmpty: false, Heredocs.IsEmpty: true }
            && context.Plan(place) is [{ Local: { } plan }]
            && plan.Manifest(CopyManner.Of(step)) is { } files && rule.IsWorth(files)
            ? new KnownCopy(plan, files, input.Question.KeyForAnyFiles())
            : null;

    /// <summary>The tree made from that of an earlier copy; null when there is none, or it is of no use.</summary>
    private async Task<SnapshotDraft?> TryUpdateAsync(KnownCopy copy, BuildStep.Copy step, StepInput input, CancellationToken cancellationToken) =>
        !input.Replace && updater.Find(copy.Question, input.Parent, copy.Files) is { } earlier // Who wants every step to run wants nothing of an earlier one.
            ? await updater.TryDraftAsync(copy.Plan, earlier, input.Parent, CopyManner.Of(step), cancellationToken)
            : null;

    private async Task<CopiedDirectory?> CopyAsync(BuildStep.Copy step, StepPlace place, SnapshotId? origin, SnapshotDraft draft, CancellationToken cancellationToken)
    {
        if (step.Sources.IsEmpty)
        {
            return null;
        }

        if (step.From is TreeOrigin.Context or TreeOrigin.Named)
        {
            return await CopyPartsAsync(context.Plan(place), step, draft, cancellationToken);
        }

        await CopyTreeAsync(step, origin, draft, cancellationToken);
        return null;
    }

    private async Task<CopiedDirectory?> CopyPartsAsync(
        ImmutableArray<FilePart> parts, BuildStep.Copy step, SnapshotDraft draft, CancellationToken cancellationToken)
    {
        CopiedDirectory? copied = null;
        foreach (var part in parts)
        {
            if (part.Local is { } plan)
            {
                copied = await ExecuteAsync(plan, step, draft, cancellationToken);
            }
            else
            {
                await remotes.CopyAsync(part.Remote!, step, draft.Path, cancellationToken); // A part is one or the other.
            }
        }

        return copied;
    }

    private async Task CopyTreeAsync(BuildStep.Copy step, SnapshotId? origin, SnapshotDraft draft, CancellationToken cancellationToken)
    {
        var description = step.From switch
        {
            TreeOrigin.Stage stage => $"stage '{stage.Index}'",
            TreeOrigin.Image image => $"image '{image.Reference}'",
            _ => throw new UnreachableException(),
        };
        if (origin is not { } snapshot)
        {
            throw new KleeneException($"{description} has no files");
        }

        await using var view = await snapshots.OpenAsync(snapshot, cancellationToken);
        using var root = RootedDirectory.Open(view.Path);
        var files = new SourceTree(root, IgnoreFile.Empty, description) { KeepsOwners = true };
        var plan = CopyPlanner.Plan(files, step.Sources, step.Destination, step.Exclude, new SourceLookup(step.KeepsParents, step.MayBeMissing));
        await ExecuteAsync(plan, step, draft, cancellationToken);
    }

    private static Task<CopiedDirectory?> ExecuteAsync(CopyPlan plan, BuildStep.Copy step, SnapshotDraft draft, CancellationToken cancellationToken) =>
        Task.Run(() => CopyExecutor.Execute(plan, draft.Path, CopyManner.Of(step), cancellationToken), cancellationToken);

    /// <param name="Question">What it has in common with earlier copies that differ in their files.</param>
    private sealed record KnownCopy(CopyPlan Plan, TreeManifest Files, string Question);
}
