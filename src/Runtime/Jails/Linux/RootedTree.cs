using System.Text;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// A directory that will be a jail's <c>/</c>, seen from outside. Every path is resolved inside it (openat2(2), RESOLVE_IN_ROOT):
/// neither <c>..</c> nor a symbolic link of an untrusted image leads out.
/// </summary>
internal sealed class RootedTree : IDisposable
{
    private const int LongestLink = 4096;

    private readonly SafeFileHandle root;

    private RootedTree(SafeFileHandle root) => this.root = root;

    /// <exception cref="JailStartException">There is no such directory.</exception>
    public static RootedTree Open(string path) =>
        TryOpen(path) ?? throw new JailStartException(JailStartFailure.Jail, $"the jail's root '{path}' is not a directory that can be read");

    public static RootedTree? TryOpen(string path)
    {
        var handle = NativeMethods.open(path, NativeMethods.O_PATH | NativeMethods.O_DIRECTORY | NativeMethods.O_CLOEXEC, 0);
        if (handle.IsInvalid)
        {
            handle.Dispose();
            return null;
        }

        return new RootedTree(handle);
    }

    /// <summary>Opens a path without reading it; null where there is none. Links are followed, the last one too.</summary>
    public SafeFileHandle? TryLocate(string path) => TryOpenBeneath(path, NativeMethods.O_PATH, NativeMethods.RESOLVE_IN_ROOT);

    /// <summary>As <see cref="TryLocate"/>, but a link anywhere in the path is an error, except as its last part, where it is what is found.</summary>
    public SafeFileHandle? TryLocateWithoutLinks(string path) =>
        TryOpenBeneath(path, NativeMethods.O_PATH | NativeMethods.O_NOFOLLOW, NativeMethods.RESOLVE_IN_ROOT | NativeMethods.RESOLVE_NO_SYMLINKS);

    /// <summary>A directory that can be changed; no part of its path may be a link.</summary>
    public SafeFileHandle? TryOpenDirectory(string path) =>
        TryOpenBeneath(path, NativeMethods.O_RDONLY | NativeMethods.O_DIRECTORY, NativeMethods.RESOLVE_IN_ROOT | NativeMethods.RESOLVE_NO_SYMLINKS);

    public NativeMethods.FileStatus? TryGetStatus(string path)
    {
        using var file = TryLocate(path);
        return file is null ? null : StatusOf(file);
    }

    /// <summary>The beginning of a regular file, or null: a pipe or device in its place is not opened.</summary>
    public unsafe byte[]? TryRead(string path, int limit)
    {
        using var located = TryLocate(path);
        if (located is null)
        {
            return null;
        }

        var status = StatusOf(located);
        if (!status.IsRegularFile)
        {
            return null;
        }

        using var file = NativeMethods.open($"/proc/self/fd/{located.DangerousGetHandle()}", NativeMethods.O_RDONLY | NativeMethods.O_CLOEXEC, 0);
        if (file.IsInvalid)
        {
            throw Errno.LastException($"read '{path}'");
        }

        var bytes = new byte[(int)Math.Min((ulong)limit, status.Size)];
        var length = 0;
        fixed (byte* buffer = bytes)
        {
            while (length < bytes.Length)
            {
                var count = NativeMethods.read(file, buffer + length, (nuint)(bytes.Length - length));
                if (count < 0 && Errno.Last != Errno.EINTR)
                {
                    throw Errno.LastException($"read '{path}'");
                }

                if (count == 0)
                {
                    break;
                }

                length += (int)Math.Max(count, 0);
            }
        }

        return length == bytes.Length ? bytes : bytes[..length];
    }

    /// <summary>The names in a directory; none where there is no such directory.</summary>
    public IReadOnlyList<string> Names(string path)
    {
        using var directory = TryLocate(path);
        return directory is not null && StatusOf(directory).IsDirectory
            ? [.. Directory.EnumerateFileSystemEntries($"/proc/self/fd/{directory.DangerousGetHandle()}").Select(entry => Path.GetFileName(entry))]
            : [];
    }

    public void Dispose() => root.Dispose();

    public static NativeMethods.FileStatus StatusOf(SafeFileHandle file) =>
        TryGetStatus(file, "") ?? throw Errno.LastException("statx");

    /// <summary>What a directory's entry is, a link not followed; null where there is none.</summary>
    public static NativeMethods.FileStatus? TryGetStatus(SafeFileHandle directory, string name)
    {
        const int Flags = NativeMethods.AT_EMPTY_PATH | NativeMethods.AT_SYMLINK_NOFOLLOW;
        return NativeMethods.statx(directory, name, Flags, NativeMethods.STATX_BASIC_STATS, out var status) == 0
            ? status
            : Errno.Last is Errno.ENOENT or Errno.ENOTDIR ? null : throw Errno.LastException($"statx '{name}'");
    }

    public static unsafe string LinkTarget(SafeFileHandle link)
    {
        var buffer = stackalloc byte[LongestLink];
        var length = NativeMethods.readlinkat(link, "", buffer, LongestLink);
        return length >= 0 ? Encoding.UTF8.GetString(buffer, (int)length) : throw Errno.LastException("readlink");
    }

    private SafeFileHandle? TryOpenBeneath(string path, int flags, ulong resolve)
    {
        // RESOLVE_IN_ROOT takes a leading slash for the root itself; an empty path is none.
        var inside = path.Length == 0 ? "/" : path;
        while (true)
        {
            var handle = NativeMethods.OpenAt2(root, inside, flags | NativeMethods.O_CLOEXEC, resolve | NativeMethods.RESOLVE_NO_MAGICLINKS);
            if (!handle.IsInvalid)
            {
                return handle;
            }

            var error = Errno.Last;
            handle.Dispose();

            // openat2(2): EAGAIN says that something was renamed while `..` was resolved, and to try again.
            if (error != Errno.EAGAIN && error != Errno.EINTR)
            {
                return error is Errno.ENOENT or Errno.ENOTDIR or Errno.EACCES || error == Errno.ELOOP ? null : throw Errno.Exception(error, $"open '{path}'");
            }
        }
    }
}
