namespace Kleene.Build.Runtime.Storage;

/// <summary>The space that a file tree takes on its file system.</summary>
internal static class TreeMeasure
{
    private const long BlockSize = 512; // stat(2): whatever the file system's own block size

    public static long Bytes(string path, CancellationToken cancellationToken)
    {
        using var directory = OpenDirectory.TryOpen(path);
        return directory is null ? 0 : (directory.Stat().Blocks * BlockSize) + Bytes(directory, [], cancellationToken);
    }

    private static long Bytes(OpenDirectory directory, HashSet<ulong> counted, CancellationToken cancellationToken)
    {
        var total = 0L;
        foreach (var entry in directory.Entries())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!directory.TryStat(entry.Name, out var status))
            {
                continue;
            }

            if (status.IsDirectory)
            {
                using var child = directory.TryOpenChild(entry.Name);
                total += child is null ? 0 : Bytes(child, counted, cancellationToken);
            }
            else if (status.Links > 1 && !counted.Add(status.Inode))
            {
                continue;
            }

            total += status.Blocks * BlockSize;
        }

        return total;
    }
}
