using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Native;
using Calls = Kleene.Build.Runtime.Storage.NativeMethods;

namespace Kleene.Build.Runtime.Storage.Btrfs;

/// <summary>
/// The data of a subvolume that no other shares, added up from the extent maps of its files. Quota groups would know it at once
/// but make every snapshot ten times dearer. Compressed data counts with its full length.
/// </summary>
internal static class ExclusiveSpace
{
    public static long Bytes(OpenDirectory directory, CancellationToken cancellationToken)
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
                total += child is null ? 0 : Bytes(child, cancellationToken);
            }
            else if (status is { Type: Calls.S_IFREG, Blocks: > 0 })
            {
                // Each name of a file with several counts its part.
                total += OfFile(directory, entry.Name) / status.Links;
            }
        }

        return total;
    }

    private static long OfFile(OpenDirectory directory, byte[] name)
    {
        using var file = Calls.openat(directory.Descriptor, name, Calls.O_RDONLY | Calls.O_NOFOLLOW | Calls.O_CLOEXEC, 0);
        if (file.IsInvalid)
        {
            return Errno.Last == Errno.ENOENT ? 0 : throw Errno.LastException($"open '{directory.Show(name)}'");
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
                throw Errno.LastException($"map extents of '{directory.Show(name)}'");
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
