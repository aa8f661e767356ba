using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Storage.Btrfs;

/// <summary>
/// The space of files, added up from their extent maps. Quota groups would know it at once but make every snapshot ten times dearer.
/// Compressed data counts with its full length.
/// </summary>
internal static class FileExtents
{
    /// <summary>The data of a subvolume that no other shares. Nothing there: none. Each name of a file with several counts its part.</summary>
    public static long ExclusiveBytes(RootedDirectory root, UnixPath top, CancellationToken cancellationToken) =>
        Files(root, top, cancellationToken)
            .Sum(file => Of(file).Where(extent => (extent.Flags & NativeMethods.FIEMAP_EXTENT_SHARED) == 0).Sum(extent => (long)extent.Length) / file.Status.LinkCount);

    /// <summary>Of each subvolume the data that none before it has. What two share counts for the first, by where it begins on the disk.</summary>
    public static IReadOnlyList<long> OwnBytes(RootedDirectory root, IReadOnlyList<UnixPath> tops, CancellationToken cancellationToken)
    {
        var known = new HashSet<ulong>();
        return
        [
            .. tops.Select(top => Files(root, top, cancellationToken).Sum(file => Of(file)
                .Where(extent => ((extent.Flags & NativeMethods.FIEMAP_EXTENT_SHARED) == 0 && file.Status.LinkCount == 1) || known.Add(extent.Physical))
                .Sum(extent => (long)extent.Length))),
        ];
    }

    /// <summary>The data of all subvolumes below a directory: what several of them share counts once.</summary>
    public static long AllBytes(RootedDirectory root, CancellationToken cancellationToken)
    {
        var (total, shared) = (0L, new List<(ulong Start, ulong End)>());
        foreach (var file in Files(root, UnixPath.Empty, cancellationToken))
        {
            foreach (var extent in Of(file))
            {
                // A file with several names meets itself again.
                if ((extent.Flags & NativeMethods.FIEMAP_EXTENT_SHARED) != 0 || file.Status.LinkCount > 1)
                {
                    shared.Add((extent.Physical, extent.Physical + extent.Length));
                }
                else
                {
                    total += (long)extent.Length;
                }
            }
        }

        shared.Sort();
        var reached = 0UL;
        foreach (var (start, end) in shared)
        {
            total += (long)(Math.Max(end, reached) - Math.Max(start, reached));
            reached = Math.Max(end, reached);
        }

        return total;
    }

    private static IEnumerable<TreeEntry> Files(RootedDirectory root, UnixPath top, CancellationToken cancellationToken) =>
        TreeEntries.Of(root, top, cancellationToken).Where(entry => entry.Status is { Kind: FileKind.Regular, AllocatedSize: > 0 });

    /// <summary>Gone meanwhile: none.</summary>
    private static List<NativeMethods.Extent> Of(TreeEntry entry)
    {
        var extents = new List<NativeMethods.Extent>();
        using var file = FileCalls.Open(entry.Directory, entry.Path.Name.Terminated, Abi.O_RDONLY);
        if (file is null)
        {
            return Errno.Last == Errno.ENOENT ? extents : throw FileOperationException.Last("open", entry.Path);
        }

        var map = default(NativeMethods.ExtentMap);
        do
        {
            map.Length = ulong.MaxValue - map.Start;
            map.Flags = NativeMethods.FIEMAP_FLAG_SYNC;
            map.Capacity = NativeMethods.ExtentsAtOnce;
            if (NativeMethods.ioctl(file, NativeMethods.FS_IOC_FIEMAP, ref map) != 0)
            {
                throw FileOperationException.Last("map the extents of", entry.Path);
            }

            foreach (ref readonly var extent in MemoryMarshal.CreateReadOnlySpan(ref map.Items[0], (int)map.Mapped))
            {
                extents.Add(extent);
                map.Start = extent.Logical + extent.Length;
            }
        }
        while (map.Mapped == NativeMethods.ExtentsAtOnce);

        return extents;
    }
}
