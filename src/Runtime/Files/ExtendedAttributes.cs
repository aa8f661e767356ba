using Microsoft.Win32.SafeHandles;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// The extended attributes (xattr(7)) of a file or directory that belong to its content: all but those in which the machine keeps
/// its own notes. FreeBSD has calls of its own for them, which are not used yet: there a file has none.
/// </summary>
internal static unsafe class ExtendedAttributes
{
    /// <summary>linux/limits.h, XATTR_LIST_MAX and XATTR_SIZE_MAX.</summary>
    private const int LargestSize = 65536;

    private const int UsualListSize = 512;

    /// <summary>Whether anything is there; the one question that is asked of every file.</summary>
    public static bool Any(SafeFileHandle file) => !Abi.IsFreeBsd && NativeMethods.flistxattr(file, null, 0) > 0;

    /// <summary>Names and values in the order of the names.</summary>
    public static List<KeyValuePair<UnixPath, byte[]>> Read(SafeFileHandle file)
    {
        var attributes = new List<KeyValuePair<UnixPath, byte[]>>();
        var list = new byte[UsualListSize];
        var length = List(file, list);
        if (length > list.Length)
        {
            list = new byte[LargestSize];
            length = List(file, list);
        }

        for (var names = list.AsSpan(0, Math.Max(length, 0)); !names.IsEmpty;)
        {
            var end = names.IndexOf((byte)0);
            var name = UnixPath.FromBytes(names[..end]);
            names = names[(end + 1)..];
            if (IsCarried(name.Bytes) && Value(file, name) is { } value)
            {
                attributes.Add(new(name, value));
            }
        }

        attributes.Sort((left, right) => left.Key.CompareTo(right.Key));
        return attributes;
    }

    public static void Copy(SafeFileHandle source, SafeFileHandle target, UnixPath targetPath)
    {
        foreach (var (name, value) in Read(source))
        {
            fixed (byte* namePointer = name.Terminated, valuePointer = value)
            {
                // A file system without attributes is no reason to refuse its files; neither is a namespace that is not ours to write.
                if (NativeMethods.fsetxattr(target, namePointer, valuePointer, (nuint)value.Length, 0) != 0
                    && Errno.Last != Errno.EOPNOTSUPP && Errno.Last != Errno.EPERM)
                {
                    throw FileOperationException.Last($"set attribute '{name.ToDisplay()}' of", targetPath);
                }
            }
        }
    }

    /// <summary>overlayfs' own marks, security labels and measurements belong to the place where a file is, not to the file.</summary>
    public static bool IsCarried(ReadOnlySpan<byte> name) =>
        !name.StartsWith("trusted.overlay."u8)
        && !name.StartsWith("user.overlay."u8)
        && (!name.StartsWith("security."u8) || name.SequenceEqual("security.capability"u8));

    /// <summary>The list's length, which is more than the buffer when it did not fit.</summary>
    private static int List(SafeFileHandle file, Span<byte> list)
    {
        if (Abi.IsFreeBsd)
        {
            return 0;
        }

        fixed (byte* pointer = list)
        {
            var needed = (int)NativeMethods.flistxattr(file, null, 0);
            return needed <= 0 || needed > list.Length ? needed : (int)NativeMethods.flistxattr(file, pointer, (nuint)list.Length);
        }
    }

    /// <summary>Asks for the size first: zfs-fuse answers a buffer that is too small with junk instead of ERANGE.</summary>
    private static byte[]? Value(SafeFileHandle file, UnixPath name)
    {
        fixed (byte* namePointer = name.Terminated)
        {
            var length = NativeMethods.fgetxattr(file, namePointer, null, 0);
            if (length < 0)
            {
                return null;
            }

            var value = new byte[length];
            fixed (byte* pointer = value)
            {
                return NativeMethods.fgetxattr(file, namePointer, pointer, (nuint)length) == length ? value : null;
            }
        }
    }
}
