using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Storage;

/// <summary>How much is other in one tree than in another. Files are all but directories; their bytes are what they say they have, holes included.</summary>
/// <param name="BytesAdded">In files that are new or other.</param>
/// <param name="BytesRemoved">In files that are gone or were other.</param>
public sealed record TreeGrowth(int FilesAdded, int FilesChanged, int FilesRemoved, long BytesAdded, long BytesRemoved)
{
    public static TreeGrowth None { get; } = new(0, 0, 0, 0, 0);

    /// <param name="before">Null is the empty tree.</param>
    /// <param name="after">A snapshot.</param>
    /// <exception cref="SnapshotNotFoundException">One of them does not exist.</exception>
    public static async Task<TreeGrowth> MeasureAsync(ISnapshotStore store, SnapshotId? before, SnapshotId after, CancellationToken cancellationToken)
    {
        if (before == after)
        {
            return None;
        }

        await using var newTree = await store.OpenAsync(after, cancellationToken);
        using var now = RootedDirectory.Open(newTree.Path);
        if (before is not { } known)
        {
            return new Count(now, now).Added(UnixPath.Empty, cancellationToken).Result;
        }

        var changes = await store.CompareAsync(known, after, shown: null, cancellationToken);
        await using var oldTree = await store.OpenAsync(known, cancellationToken);
        using var old = RootedDirectory.Open(oldTree.Path);
        var count = new Count(old, now);
        foreach (var change in changes)
        {
            count.Take(change, cancellationToken);
        }

        return count.Result;
    }

    private sealed class Count(RootedDirectory old, RootedDirectory now)
    {
        public TreeGrowth Result { get; private set; } = None;

        public Count Added(UnixPath top, CancellationToken cancellationToken)
        {
            foreach (var entry in TreeEntries.Of(now, top, cancellationToken).Where(entry => !entry.Status.IsDirectory))
            {
                Result = Result with { FilesAdded = Result.FilesAdded + 1, BytesAdded = Result.BytesAdded + SizeOf(entry.Status) };
            }

            return this;
        }

        public void Take(TreeChange change, CancellationToken cancellationToken)
        {
            var was = change.Kind == TreeChangeKind.Added ? null : old.TryStat(change.Path, followLink: false);
            var remains = change.Kind == TreeChangeKind.Deleted ? null : now.TryStat(change.Path, followLink: false);
            if (was is { IsDirectory: true } && remains is not { IsDirectory: true })
            {
                // What was in a directory is not told apart.
                foreach (var entry in TreeEntries.Of(old, change.Path, cancellationToken).Where(entry => !entry.Status.IsDirectory))
                {
                    Result = Result with { FilesRemoved = Result.FilesRemoved + 1, BytesRemoved = Result.BytesRemoved + SizeOf(entry.Status) };
                }
            }

            var (wasFile, isFile) = (was is { IsDirectory: false }, remains is { IsDirectory: false });
            Result = new TreeGrowth(
                Result.FilesAdded + (isFile && !wasFile ? 1 : 0),
                Result.FilesChanged + (isFile && wasFile ? 1 : 0),
                Result.FilesRemoved + (wasFile && !isFile ? 1 : 0),
                Result.BytesAdded + SizeOf(remains),
                Result.BytesRemoved + SizeOf(was));
        }

        private static long SizeOf(FileStatus? status) => status is { Kind: FileKind.Regular } file ? file.Size : 0;
    }
}
