using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Storage;

/// <summary>The space that a file tree takes on its file system.</summary>
internal static class TreeMeasure
{
    /// <summary>Nothing there: none. A file with several names counts once, and what is mounted in the tree does not.</summary>
    public static long Bytes(string path, CancellationToken cancellationToken)
    {
        using var root = RootedDirectory.TryOpen(path);
        if (root is null)
        {
            return 0;
        }

        var counted = new HashSet<ulong>();
        var top = root.Stat(UnixPath.Empty, followLink: false);
        return top.AllocatedSize
            + TreeEntries.Of(root, UnixPath.Empty, cancellationToken, top.Device)
                .Where(entry => entry.Status.IsDirectory || entry.Status.LinkCount == 1 || counted.Add(entry.Status.Inode))
                .Sum(entry => entry.Status.AllocatedSize);
    }
}
