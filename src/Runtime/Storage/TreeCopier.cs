using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Storage;

/// <summary>
/// Copies a file tree with all that a snapshot keeps: kinds, owners, modes, times, extended attributes, hard links, holes.
/// Knows nothing of what the tree is for.
/// </summary>
internal sealed class TreeCopier
{
    private const nint Chunk = 1 << 30;
    private const int ENXIO = 6;

    /// <summary>The first copy of each file with several names, by its device and inode: a path from the root of the target.</summary>
    private readonly Dictionary<(uint Major, uint Minor, ulong Inode), byte[]> linked = [];

    private readonly OpenDirectory targetRoot;
    private readonly CancellationToken cancellationToken;

    private TreeCopier(OpenDirectory targetRoot, CancellationToken cancellationToken)
    {
        this.targetRoot = targetRoot;
        this.cancellationToken = cancellationToken;
    }

    /// <summary>Fills an empty directory with what is in another, and gives it the other's owner, mode, times and attributes.</summary>
    public static void Copy(string source, string target, CancellationToken cancellationToken)
    {
        using var from = OpenDirectory.Open(source);
        using var to = OpenDirectory.Open(target);
        Copy(from, to, cancellationToken);
    }

    public static void Copy(OpenDirectory source, OpenDirectory target, CancellationToken cancellationToken)
    {
        new TreeCopier(target, cancellationToken).CopyEntries(source, target, []);
        CopyAttributes(source, ".\0"u8, target, ".\0"u8, source.Stat());
    }

    /// <summary>Gives an entry the owner, mode, times and extended attributes of another.</summary>
    public static void CopyAttributes(
        OpenDirectory from, ReadOnlySpan<byte> fromName, OpenDirectory to, ReadOnlySpan<byte> toName, in NativeMethods.FileStatus status)
    {
        // Owner first: chown(2) clears setuid bits and file capabilities. Times last: setting anything else may touch them.
        Check(NativeMethods.fchownat(to.Handle, toName, status.Owner, status.Group, NativeMethods.AT_SYMLINK_NOFOLLOW), "chown", to, toName);
        if (status.Type != NativeMethods.S_IFLNK)
        {
            Check(NativeMethods.fchmodat(to.Handle, toName, status.Mode & NativeMethods.PermissionBits, flags: 0), "chmod", to, toName);
        }

        ExtendedAttributes.Copy(from.PathOf(fromName), to.PathOf(toName));
        SetTimes(to, toName, status);
    }

    public static void SetTimes(OpenDirectory directory, ReadOnlySpan<byte> name, in NativeMethods.FileStatus status)
    {
        var times = new NativeMethods.FileTimes
        {
            AccessSeconds = status.Accessed.Seconds,
            AccessNanoseconds = status.Accessed.Nanoseconds,
            ModifiedSeconds = status.Modified.Seconds,
            ModifiedNanoseconds = status.Modified.Nanoseconds,
        };
        Check(NativeMethods.utimensat(directory.Handle, name, times, NativeMethods.AT_SYMLINK_NOFOLLOW), "set times of", directory, name);
    }

    private void CopyEntries(OpenDirectory from, OpenDirectory to, byte[] path)
    {
        foreach (var entry in from.Entries())
        {
            cancellationToken.ThrowIfCancellationRequested();
            CopyEntry(from, to, entry.Name, path);
        }
    }

    private void CopyEntry(OpenDirectory from, OpenDirectory to, byte[] name, byte[] path)
    {
        var status = from.Stat(name);
        byte[] entryPath = [.. path, .. name];
        if (status.IsDirectory)
        {
            Check(NativeMethods.mkdirat(to.Handle, name, 0x1C0), "mkdir", to, name);
            using var fromChild = from.OpenChild(name);
            using var toChild = to.OpenChild(name);
            entryPath[^1] = (byte)'/';
            CopyEntries(fromChild, toChild, entryPath);
        }
        else if (TryLink(to, name, entryPath, status))
        {
            return;
        }
        else if (status.Type == NativeMethods.S_IFREG)
        {
            CopyFile(from, to, name, status);
        }
        else if (status.Type == NativeMethods.S_IFLNK)
        {
            CopySymbolicLink(from, to, name);
        }
        else
        {
            Check(NativeMethods.mknodat(to.Handle, name, status.Mode, status.RawDevice), "mknod", to, name);
        }

        CopyAttributes(from, name, to, name, status);
    }

    private bool TryLink(OpenDirectory to, byte[] name, byte[] path, in NativeMethods.FileStatus status)
    {
        if (status.Links < 2)
        {
            return false;
        }

        if (!linked.TryGetValue((status.DeviceMajor, status.DeviceMinor, status.Inode), out var first))
        {
            linked.Add((status.DeviceMajor, status.DeviceMinor, status.Inode), path);
            return false;
        }

        Check(NativeMethods.linkat(targetRoot.Handle, first, to.Handle, name, flags: 0), "link", to, name);
        return true;
    }

    private static void CopySymbolicLink(OpenDirectory from, OpenDirectory to, byte[] name)
    {
        Span<byte> target = stackalloc byte[4097];
        var length = NativeMethods.readlinkat(from.Handle, name, target, target.Length - 1);
        if (length < 0)
        {
            throw Errno.LastException($"readlink '{from.Show(name)}'");
        }

        target[(int)length] = 0;
        Check(NativeMethods.symlinkat(target, to.Handle, name), "symlink", to, name);
    }

    private void CopyFile(OpenDirectory from, OpenDirectory to, byte[] name, in NativeMethods.FileStatus status)
    {
        using var source = Open(from, name, NativeMethods.O_RDONLY | NativeMethods.O_NOFOLLOW | NativeMethods.O_CLOEXEC);
        using var target = Open(to, name, NativeMethods.O_WRONLY | NativeMethods.O_CREAT | NativeMethods.O_EXCL | NativeMethods.O_CLOEXEC);

        // Holes stay holes: the length is set first and only ranges of data are copied (lseek(2), SEEK_DATA).
        Check(NativeMethods.ftruncate(target, status.Size), "set length of", to, name);
        var position = 0L;
        while (position < status.Size)
        {
            var start = NativeMethods.lseek(source, position, NativeMethods.SEEK_DATA);
            var end = start < 0 ? -1 : NativeMethods.lseek(source, start, NativeMethods.SEEK_HOLE);
            if (end < 0)
            {
                // ENXIO: only a hole is left. EINVAL: the file system cannot tell, so all of it is data.
                if (Errno.Last == ENXIO)
                {
                    return;
                }

                (start, end) = (position, status.Size);
            }

            CopyRange(source, target, start, end, from, name);
            position = end;
        }
    }

    private void CopyRange(SafeFileHandle source, SafeFileHandle target, long start, long end, OpenDirectory from, byte[] name)
    {
        var (read, written) = (start, start);
        while (read < end)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var size = (nint)Math.Min(end - read, Chunk);

            // In the kernel, and without copying at all where blocks can be shared.
            var copied = NativeMethods.copy_file_range(source, ref read, target, ref written, size, flags: 0);
            if (copied < 0 && Errno.Last is Errno.EXDEV or Errno.EINVAL or Errno.ENOSYS or Errno.EOPNOTSUPP)
            {
                _ = NativeMethods.lseek(target, read, NativeMethods.SEEK_SET);
                copied = NativeMethods.sendfile(target, source, ref read, size);
                written = read;
            }

            if (copied < 0)
            {
                throw Errno.LastException($"copy '{from.Show(name)}'");
            }

            if (copied == 0)
            {
                return; // It became shorter meanwhile.
            }
        }
    }

    private static SafeFileHandle Open(OpenDirectory directory, byte[] name, int flags)
    {
        var file = NativeMethods.openat(directory.Descriptor, name, flags, 0x180);
        if (!file.IsInvalid)
        {
            return file;
        }

        var errno = Errno.Last;
        file.Dispose();
        throw Errno.Exception(errno, $"open '{directory.Show(name)}'");
    }

    private static void Check(int result, string operation, OpenDirectory directory, ReadOnlySpan<byte> name)
    {
        if (result != 0)
        {
            throw Errno.LastException($"{operation} '{directory.Show(name)}'");
        }
    }

    private static void Check(int result, string operation, OpenDirectory directory, byte[] name) =>
        Check(result, operation, directory, name.AsSpan());
}
