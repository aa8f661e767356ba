using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>Something in a tree.</summary>
/// <param name="Directory">What it is in; open until the next entry is asked for.</param>
/// <param name="Path">Relative to the root that was searched.</param>
internal readonly record struct TreeEntry(SafeFileHandle Directory, UnixPath Path, FileStatus Status);

/// <summary>Looks at everything in a tree, a directory before what is in it. What vanishes meanwhile is left out; no link is followed.</summary>
internal static class TreeEntries
{
    /// <param name="top">A directory in the root, without links.</param>
    /// <param name="device">Where nothing counts but what lies on this one (st_dev): what is mounted in the tree is left out.</param>
    public static IEnumerable<TreeEntry> Of(RootedDirectory root, UnixPath top, CancellationToken cancellationToken, ulong? device = null)
    {
        var waiting = new Stack<UnixPath>([top]);
        while (waiting.TryPop(out var path))
        {
            using var directory = root.TryOpenDirectory(path, LinkRule.Refuse);
            if (directory is null || DirectoryListing.Read(directory) is not { } listing)
            {
                ThrowUnlessGone("list", path);
                continue;
            }

            for (var i = 0; i < listing.Count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var entryPath = path.Append(listing[i][..^1]);
                if (!FileCalls.TryStat(directory, listing[i], out var status))
                {
                    ThrowUnlessGone("find", entryPath);
                    continue;
                }

                if (device is { } only && status.Device != only)
                {
                    continue;
                }

                yield return new TreeEntry(directory, entryPath, status);
                if (status.IsDirectory)
                {
                    waiting.Push(entryPath);
                }
            }
        }
    }

    private static void ThrowUnlessGone(string operation, UnixPath path)
    {
        if (FileOperationException.Last(operation, path) is { IsNotFound: false } failure)
        {
            throw failure;
        }
    }
}
