using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Storage;

/// <summary>
/// Files by handle and by name as bytes: names in an image need not be UTF-8, and a path that is walked again between two calls may lead elsewhere.
/// Names are null-terminated. Numbers are Linux's (uapi/linux/fcntl.h, stat.h, falloc.h), the same on x86-64 and arm64 unless said.
/// </summary>
internal static partial class NativeMethods
{
    public const int AT_FDCWD = -100;
    public const int AT_SYMLINK_NOFOLLOW = 0x100;
    public const int AT_REMOVEDIR = 0x200;
    public const int AT_EMPTY_PATH = 0x1000;

    public const int O_RDONLY = 0;
    public const int O_WRONLY = 1;
    public const int O_RDWR = 2;
    public const int O_CREAT = 0x40;
    public const int O_EXCL = 0x80;
    public const int O_NONBLOCK = 0x800;
    public const int O_CLOEXEC = 0x80000;
    public const int O_PATH = 0x200000;

    public const uint S_IFMT = 0xF000;
    public const uint S_IFDIR = 0x4000;
    public const uint S_IFREG = 0x8000;
    public const uint S_IFLNK = 0xA000;
    public const uint PermissionBits = 0xFFF;

    public const uint STATX_BASIC_STATS = 0x7FF;

    public const int SEEK_SET = 0;
    public const int SEEK_DATA = 3;
    public const int SEEK_HOLE = 4;

    public const int LOCK_SH = 1;
    public const int LOCK_EX = 2;
    public const int LOCK_NB = 4;

    public const long UTIME_OMIT = (1L << 30) - 2;

    /// <summary>These two differ between architectures (asm/fcntl.h).</summary>
    public static readonly int O_DIRECTORY = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 : 0x10000;

    public static readonly int O_NOFOLLOW = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    [LibraryImport("libc", SetLastError = true)]
    public static partial SafeFileHandle openat(int directory, ReadOnlySpan<byte> path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int mkdirat(SafeFileHandle directory, ReadOnlySpan<byte> name, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int mknodat(SafeFileHandle directory, ReadOnlySpan<byte> name, uint mode, ulong device);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int symlinkat(ReadOnlySpan<byte> target, SafeFileHandle directory, ReadOnlySpan<byte> name);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint readlinkat(SafeFileHandle directory, ReadOnlySpan<byte> name, Span<byte> buffer, nint size);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int linkat(
        SafeFileHandle oldDirectory, ReadOnlySpan<byte> oldName, SafeFileHandle newDirectory, ReadOnlySpan<byte> newName, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int unlinkat(SafeFileHandle directory, ReadOnlySpan<byte> name, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int renameat(
        SafeFileHandle oldDirectory, ReadOnlySpan<byte> oldName, SafeFileHandle newDirectory, ReadOnlySpan<byte> newName);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fchownat(SafeFileHandle directory, ReadOnlySpan<byte> name, uint owner, uint group, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fchmodat(SafeFileHandle directory, ReadOnlySpan<byte> name, uint mode, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int utimensat(SafeFileHandle directory, ReadOnlySpan<byte> name, in FileTimes times, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int statx(SafeFileHandle directory, ReadOnlySpan<byte> name, int flags, uint mask, out FileStatus status);

    /// <summary>Of glibc 2.30 and later; fills the buffer with <c>linux_dirent64</c> records.</summary>
    [LibraryImport("libc", SetLastError = true)]
    public static partial nint getdents64(SafeFileHandle directory, Span<byte> buffer, nint size);

    [LibraryImport("libc", SetLastError = true)]
    public static partial long lseek(SafeFileHandle file, long offset, int origin);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ftruncate(SafeFileHandle file, long length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint copy_file_range(
        SafeFileHandle source, ref long sourceOffset, SafeFileHandle target, ref long targetOffset, nint length, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint sendfile(SafeFileHandle target, SafeFileHandle source, ref long sourceOffset, nint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint llistxattr(ReadOnlySpan<byte> path, Span<byte> list, nint size);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint lgetxattr(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, Span<byte> value, nint size);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int lsetxattr(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, nint size, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int access(ReadOnlySpan<byte> path, int mode);

    [StructLayout(LayoutKind.Sequential)]
    public struct Timestamp
    {
        public long Seconds;
        public uint Nanoseconds;
        private readonly int reserved;
    }

    /// <summary><c>struct timespec[2]</c>: access, then modification.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FileTimes
    {
        public long AccessSeconds;
        public long AccessNanoseconds;
        public long ModifiedSeconds;
        public long ModifiedNanoseconds;
    }

    /// <summary><c>struct statx</c> (statx(2)); the kernel fills 256 bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    public struct FileStatus
    {
        public uint Mask;
        public uint BlockSize;
        public ulong Attributes;
        public uint Links;
        public uint Owner;
        public uint Group;
        public ushort Mode;
        private readonly ushort reserved;
        public ulong Inode;
        public long Size;
        public long Blocks;
        public ulong AttributesMask;
        public Timestamp Accessed;
        public Timestamp Born;
        public Timestamp Changed;
        public Timestamp Modified;
        public uint RawDeviceMajor;
        public uint RawDeviceMinor;
        public uint DeviceMajor;
        public uint DeviceMinor;

        public readonly uint Type => Mode & S_IFMT;

        public readonly bool IsDirectory => Type == S_IFDIR;

        /// <summary>As makedev(3) packs it.</summary>
        public readonly ulong RawDevice =>
            (RawDeviceMinor & 0xFFu) | ((RawDeviceMajor & 0xFFFu) << 8)
            | ((ulong)(RawDeviceMinor & ~0xFFu) << 12) | ((ulong)(RawDeviceMajor & ~0xFFFu) << 32);
    }
}
