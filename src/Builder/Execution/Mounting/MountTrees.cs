using System.Collections.Concurrent;
using System.Diagnostics;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution.Mounting;

/// <summary>
/// The trees behind the bind mounts of one build. Each is a workspace that never becomes a snapshot: a clone of one, or a copy of what
/// the context holds. Commands that only read share theirs until the build ends; whoever writes has one for itself.
/// </summary>
internal sealed class MountTrees(SnapshotCatalog snapshots) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<Task<SnapshotDraft>>> shared = new(StringComparer.Ordinal);

    /// <summary>A tree that all who ask for the same source see. Nobody may write to it.</summary>
    /// <returns>Its root on the host.</returns>
    public async Task<string> ShareAsync(MountSource source, CancellationToken cancellationToken)
    {
        var tree = await shared.GetOrAdd(source.Key, _ => new Lazy<Task<SnapshotDraft>>(() => MakeAsync(source, cancellationToken))).Value;
        return tree.Path;
    }

    /// <summary>A tree of the caller's own.</summary>
    public async Task<SnapshotDraft> MakeAsync(MountSource source, CancellationToken cancellationToken)
    {
        var draft = await snapshots.DraftAsync((source as MountSource.Tree)?.Snapshot, WorkspaceUse.BuildStep, cancellationToken);
        try
        {
            if (source is MountSource.Files files)
            {
                await Task.Run(() => CopyExecutor.Execute(files.Plan, draft.Path, new CopyManner(), cancellationToken), cancellationToken);
            }

            return draft;
        }
        catch
        {
            await draft.DisposeAsync();
            throw;
        }
    }

    /// <summary>The file or directory in a tree that a mount shows; links lead nowhere else.</summary>
    /// <param name="root">The tree's root on the host.</param>
    /// <param name="source">Where the tree is from.</param>
    /// <param name="path">What the mount asks for, relative to the origin's root.</param>
    public static string Find(string root, MountSource source, string path)
    {
        switch (source)
        {
            case MountSource.Files:
                return root + ContextMounts.Place;
            case MountSource.Tree tree:
                using (var directory = RootedDirectory.Open(root))
                {
                    return directory.TryStat(path, followLink: true) is null
                        ? throw new KleeneException($"there is no '{path}' in {tree.Description}")
                        : Path.Join(root, directory.RealPath(path).ToString());
                }

            default:
                throw new UnreachableException();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (shared.IsEmpty)
        {
            return;
        }

        foreach (var tree in shared.Values.Where(tree => tree.IsValueCreated))
        {
            await ((Task)tree.Value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (tree.Value.IsCompletedSuccessfully)
            {
                await tree.Value.Result.DisposeAsync();
            }
        }
    }
}
