using System.Collections.Immutable;
using System.Text;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;
using FileNative = Kleene.Build.Runtime.Files.NativeMethods;

namespace Kleene.Build.Runtime.Archives;

/// <summary>Gives a file that was unpacked its extended attributes (xattr(7)). FreeBSD has calls of its own for them, which are not used yet: there none is kept.</summary>
internal static unsafe class EntryXattrs
{
    /// <returns>How many could not be kept.</returns>
    public static int Apply(SafeFileHandle file, ImmutableArray<TarXattr> xattrs)
    {
        if (Abi.IsFreeBsd)
        {
            return xattrs.Length;
        }

        var lost = 0;
        foreach (var xattr in xattrs)
        {
            var terminated = Terminated(xattr.Name);
            if (ExtendedAttributes.IsCarried(terminated.AsSpan()[..^1]))
            {
                fixed (byte* name = terminated, value = xattr.Value.Span)
                {
                    lost += Lost(FileNative.fsetxattr(file, name, value, (nuint)xattr.Value.Length, 0), xattr.Name);
                }
            }
        }

        return lost;
    }

    /// <summary>For what cannot be opened, such as a link or a device. There is no call for a name in a directory but by way of /proc (proc(5)).</summary>
    /// <param name="directory">Where it is.</param>
    /// <param name="leaf">Its name, with a NUL behind it.</param>
    /// <param name="xattrs">What it gets.</param>
    /// <returns>How many could not be kept.</returns>
    public static int Apply(SafeFileHandle directory, ReadOnlySpan<byte> leaf, ImmutableArray<TarXattr> xattrs)
    {
        if (xattrs.IsEmpty || Abi.IsFreeBsd)
        {
            return xattrs.Length;
        }

        var lost = 0;
        byte[] path = [.. Encoding.ASCII.GetBytes($"/proc/self/fd/{directory.DangerousGetHandle()}/"), .. leaf];
        foreach (var xattr in xattrs)
        {
            var terminated = Terminated(xattr.Name);
            if (ExtendedAttributes.IsCarried(terminated.AsSpan()[..^1]))
            {
                fixed (byte* place = path, name = terminated, value = xattr.Value.Span)
                {
                    lost += Lost(FileNative.lsetxattr(place, name, value, (nuint)xattr.Value.Length, 0), xattr.Name);
                }
            }
        }

        return lost;
    }

    private static byte[] Terminated(string name) =>
        name.Contains('\0', StringComparison.Ordinal)
            ? throw new FormatException("the name of an extended attribute has a NUL in it")
            : [.. Encoding.UTF8.GetBytes(name), 0];

    /// <summary>No file system has all of them, and a namespace of users may not write all of them.</summary>
    private static int Lost(int result, string name) =>
        result == 0 ? 0
        : Errno.Last == Errno.EOPNOTSUPP || Errno.Last == Errno.EPERM ? 1
        : throw FileOperationException.Last("set an extended attribute:", name);
}
