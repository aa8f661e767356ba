using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Storage.Btrfs;

/// <summary>
/// The data of a subvolume that no other shares, added up from the extent maps of its files. Quota groups would know it at once
/// but make every snapshot ten times dearer. Compressed data counts with its full length.
/// </summary>
internal static class ExclusiveSpace
{
    /// <summary>Nothing there: none. Each name of a file with several counts its part.</summary>
    public static long Bytes(RootedDirectory root, UnixPath top, CancellationToken cancellationToken) =>
        TreeEntries.Of(root, top, cancellationToken)
            .Where(entry => entry.Status is { Kind: FileKind.Regular, AllocatedSize: > 0 })
            .Sum(entry => OfFile(entry) / entry.Status.LinkCount);

    private static long OfFile(TreeEntry entry)
    {
        using var file = FileCalls.Open(entry.Directory, entry.Path.Name.Terminated, Abi.O_RDONLY);
        if (file is null)
        {
            return Errno.Last == Errno.ENOENT ? 0 : throw FileOperationException.Last("open", entry.Path);
        }

        var total = 0L;
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
                total += (extent.Flags & NativeMethods.FIEMAP_EXTENT_SHARED) == 0 ? (long)extent.Length : 0;
                map.Start = extent.Logical + extent.Length;
            }
        }
        while (map.Mapped == NativeMethods.ExtentsAtOnce);

        return total;
    }
}
