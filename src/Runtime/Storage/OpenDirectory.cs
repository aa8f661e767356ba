using System.Text;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Storage;

/// <summary>
/// A directory held open. Its entries are reached through it and never through a path that could have been changed in between;
/// symbolic links are never followed. Names are bytes, null-terminated.
/// </summary>
internal sealed class OpenDirectory(SafeFileHandle handle, string shownPath) : IDisposable
{
    public SafeFileHandle Handle => handle;

    public static OpenDirectory Open(string path) => TryOpen(path) ?? throw Errno.LastException($"open directory '{path}'");

    /// <summary>Null when there is nothing of that name.</summary>
    public static OpenDirectory? TryOpen(string path)
    {
        var opened = NativeMethods.openat(NativeMethods.AT_FDCWD, Name(path), NativeMethods.O_DIRECTORY | NativeMethods.O_CLOEXEC, 0);
        return Wrap(opened, path);
    }

    /// <summary>Makes a directory of mode 0755.</summary>
    public static void Make(string path)
    {
        using var parent = Open(Path.GetDirectoryName(path) ?? throw new ArgumentException("the root is there already", nameof(path)));
        var name = Name(Path.GetFileName(path));

        // mkdir(2) subtracts the umask from the mode.
        if (NativeMethods.mkdirat(parent.Handle, name, 0x1ED) != 0 || NativeMethods.fchmodat(parent.Handle, name, 0x1ED, flags: 0) != 0)
        {
            throw Errno.LastException($"mkdir '{path}'");
        }
    }

    /// <summary>A name as system calls take it.</summary>
    public static byte[] Name(string name)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(name) + 1];
        Encoding.UTF8.GetBytes(name, bytes);
        return bytes;
    }

    /// <summary>Null when there is nothing of that name.</summary>
    public OpenDirectory? TryOpenChild(ReadOnlySpan<byte> name)
    {
        var flags = NativeMethods.O_DIRECTORY | NativeMethods.O_NOFOLLOW | NativeMethods.O_CLOEXEC;
        return Wrap(NativeMethods.openat(Descriptor, name, flags, 0), Show(name));
    }

    public OpenDirectory OpenChild(ReadOnlySpan<byte> name) =>
        TryOpenChild(name) ?? throw Errno.Exception(Errno.ENOENT, $"open directory '{Show(name)}'");

    /// <summary>All entries but <c>.</c> and <c>..</c>, in the file system's order.</summary>
    public List<DirectoryEntry> Entries()
    {
        var entries = new List<DirectoryEntry>();
        var buffer = new byte[32 * 1024];
        _ = NativeMethods.lseek(handle, 0, NativeMethods.SEEK_SET); // Reading goes on where the last reading stopped.
        while (true)
        {
            var filled = NativeMethods.getdents64(handle, buffer, buffer.Length);
            if (filled < 0 && Errno.Last != Errno.ENOENT)
            {
                throw Errno.LastException($"read directory '{shownPath}'");
            }

            // ENOENT: the directory itself is gone (getdents(2)).
            if (filled <= 0)
            {
                return entries;
            }

            DirectoryEntry.Read(buffer.AsSpan(0, (int)filled), entries);
        }
    }

    public bool TryStat(ReadOnlySpan<byte> name, out NativeMethods.FileStatus status)
    {
        var flags = NativeMethods.AT_SYMLINK_NOFOLLOW | NativeMethods.AT_EMPTY_PATH;
        if (NativeMethods.statx(handle, name, flags, NativeMethods.STATX_BASIC_STATS, out status) == 0)
        {
            return true;
        }

        return Errno.Last == Errno.ENOENT ? false : throw Errno.LastException($"stat '{Show(name)}'");
    }

    public NativeMethods.FileStatus Stat(ReadOnlySpan<byte> name) =>
        TryStat(name, out var status) ? status : throw Errno.Exception(Errno.ENOENT, $"stat '{Show(name)}'");

    /// <summary>The directory's own.</summary>
    public NativeMethods.FileStatus Stat() => Stat("\0"u8);

    /// <summary>An entry's path for the calls that have no form with a handle (xattr(7)); valid while this is open.</summary>
    public byte[] PathOf(ReadOnlySpan<byte> name) => [.. Encoding.ASCII.GetBytes($"/proc/self/fd/{Descriptor}/"), .. name];

    /// <summary>For messages.</summary>
    public string Show(ReadOnlySpan<byte> name) => Path.Join(shownPath, Encoding.UTF8.GetString(name.TrimEnd((byte)0)));

    public int Descriptor => (int)handle.DangerousGetHandle();

    public void Dispose() => handle.Dispose();

    private static OpenDirectory? Wrap(SafeFileHandle opened, string path)
    {
        if (!opened.IsInvalid)
        {
            return new OpenDirectory(opened, path);
        }

        var errno = Errno.Last;
        opened.Dispose();
        return errno == Errno.ENOENT ? null : throw Errno.Exception(errno, $"open directory '{path}'");
    }
}

/// <summary>One entry of a directory.</summary>
/// <param name="Name">Null-terminated.</param>
/// <param name="Type">As readdir(3) gives it; not every file system does.</param>
internal readonly record struct DirectoryEntry(byte[] Name, byte Type)
{
    private const byte Directory = 4;
    private const byte Unknown = 0;

    /// <summary>False means that it is none; true may be a guess.</summary>
    public bool MayBeDirectory => Type is Directory or Unknown;

    /// <summary><c>struct linux_dirent64</c>: inode (8), offset (8), record length (2), type (1), name.</summary>
    public static void Read(ReadOnlySpan<byte> records, List<DirectoryEntry> entries)
    {
        while (!records.IsEmpty)
        {
            var length = BitConverter.ToUInt16(records[16..]);
            var name = records[19..length];
            name = name[..(name.IndexOf((byte)0) + 1)];
            if (!name.SequenceEqual(".\0"u8) && !name.SequenceEqual("..\0"u8))
            {
                entries.Add(new DirectoryEntry(name.ToArray(), records[18]));
            }

            records = records[length..];
        }
    }
}
