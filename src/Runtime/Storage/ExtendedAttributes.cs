using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Storage;

/// <summary>Copies the extended attributes of one file to another, except those in which overlayfs keeps its own book.</summary>
internal static class ExtendedAttributes
{
    public static void Copy(ReadOnlySpan<byte> source, ReadOnlySpan<byte> target)
    {
        Span<byte> names = stackalloc byte[1024];
        var length = NativeMethods.llistxattr(source, names, names.Length);
        if (length < 0)
        {
            if (Errno.Last == Errno.EOPNOTSUPP)
            {
                return;
            }

            // ERANGE, or a list that grew meanwhile: 64 KiB is the kernel's limit (XATTR_LIST_MAX).
            names = new byte[64 * 1024];
            length = NativeMethods.llistxattr(source, names, names.Length);
            if (length < 0)
            {
                throw Errno.LastException("listxattr");
            }
        }

        names = names[..(int)length];
        while (!names.IsEmpty)
        {
            var name = names[..(names.IndexOf((byte)0) + 1)];
            names = names[name.Length..];
            if (!name.StartsWith("trusted.overlay."u8))
            {
                CopyOne(source, target, name);
            }
        }
    }

    private static void CopyOne(ReadOnlySpan<byte> source, ReadOnlySpan<byte> target, ReadOnlySpan<byte> name)
    {
        // zfs-fuse answers a buffer that is too small with junk instead of ERANGE, so the size is asked for first.
        var size = NativeMethods.lgetxattr(source, name, [], 0);
        if (size < 0)
        {
            if (Errno.Last == Errno.ENODATA)
            {
                return;
            }

            throw Errno.LastException("getxattr");
        }

        var value = new byte[size];
        size = NativeMethods.lgetxattr(source, name, value, value.Length);
        if (size < 0 || NativeMethods.lsetxattr(target, name, value, size, flags: 0) != 0)
        {
            throw Errno.LastException("copy extended attribute");
        }
    }
}
