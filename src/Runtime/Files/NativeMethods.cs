using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>File system calls relative to an open directory; section 2 of the manual has a page for each.</summary>
internal static unsafe partial class NativeMethods
{
    private const string C = "libc";

    public const ulong RESOLVE_NO_MAGICLINKS = 0x02;
    public const ulong RESOLVE_NO_SYMLINKS = 0x04;
    public const ulong RESOLVE_BENEATH = 0x08;
    public const ulong RESOLVE_IN_ROOT = 0x10;

    public const uint STATX_BASIC_STATS = 0x7ff;

    public const int SEEK_SET = 0;
    public const int SEEK_DATA = 3;
    public const int SEEK_HOLE = 4;

    /// <summary>linux/fs.h: _IOW(0x94, 9, int).</summary>
    public const nuint FICLONE = 0x40049409;

    [LibraryImport(C, SetLastError = true)]
    public static partial SafeFileHandle open(byte* path, int flags, uint mode);

    [LibraryImport(C, SetLastError = true)]
    public static partial SafeFileHandle openat(SafeFileHandle directory, byte* path, int flags, uint mode);

    /// <summary>openat2(2) has no wrapper in the C library.</summary>
    [LibraryImport(C, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint openat2(long number, SafeFileHandle directory, byte* path, OpenHow* how, nuint size);

    [LibraryImport(C, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint getdents64(long number, SafeFileHandle directory, byte* buffer, nuint size);

    /// <summary>FreeBSD, getdirentries(2).</summary>
    [LibraryImport(C, SetLastError = true)]
    public static partial nint getdirentries(SafeFileHandle directory, byte* buffer, nuint size, long* position);

    [LibraryImport(C, SetLastError = true)]
    public static partial int statx(SafeFileHandle directory, byte* path, int flags, uint mask, StatxBuffer* buffer);

    /// <summary>Called on FreeBSD only, whose structure <see cref="FreeBsdStat"/> describes.</summary>
    [LibraryImport(C, SetLastError = true)]
    public static partial int fstatat(SafeFileHandle directory, byte* path, FreeBsdStat* buffer, int flags);

    [LibraryImport(C, SetLastError = true)]
    public static partial int fstat(SafeFileHandle file, FreeBsdStat* buffer);

    [LibraryImport(C, SetLastError = true)]
    public static partial nint readlinkat(SafeFileHandle directory, byte* path, byte* buffer, nuint size);

    [LibraryImport(C, SetLastError = true)]
    public static partial int mkdirat(SafeFileHandle directory, byte* path, uint mode);

    [LibraryImport(C, SetLastError = true)]
    public static partial int symlinkat(byte* target, SafeFileHandle directory, byte* path);

    [LibraryImport(C, SetLastError = true)]
    public static partial int mknodat(SafeFileHandle directory, byte* path, uint mode, ulong device);

    [LibraryImport(C, SetLastError = true)]
    public static partial int linkat(SafeFileHandle oldDirectory, byte* oldPath, SafeFileHandle newDirectory, byte* newPath, int flags);

    [LibraryImport(C, SetLastError = true)]
    public static partial int unlinkat(SafeFileHandle directory, byte* path, int flags);

    [LibraryImport(C, SetLastError = true)]
    public static partial int renameat(SafeFileHandle oldDirectory, byte* oldPath, SafeFileHandle newDirectory, byte* newPath);

    [LibraryImport(C, SetLastError = true)]
    public static partial int fchown(SafeFileHandle file, uint user, uint group);

    [LibraryImport(C, SetLastError = true)]
    public static partial int fchownat(SafeFileHandle directory, byte* path, uint user, uint group, int flags);

    [LibraryImport(C, SetLastError = true)]
    public static partial int fchmod(SafeFileHandle file, uint mode);

    [LibraryImport(C, SetLastError = true)]
    public static partial int fchmodat(SafeFileHandle directory, byte* path, uint mode, int flags);

    [LibraryImport(C, SetLastError = true)]
    public static partial int futimens(SafeFileHandle file, TimeSpec* times);

    [LibraryImport(C, SetLastError = true)]
    public static partial int utimensat(SafeFileHandle directory, byte* path, TimeSpec* times, int flags);

    [LibraryImport(C, SetLastError = true)]
    public static partial nint read(SafeFileHandle file, byte* buffer, nuint size);

    [LibraryImport(C, SetLastError = true)]
    public static partial nint write(SafeFileHandle file, byte* buffer, nuint size);

    [LibraryImport(C, SetLastError = true)]
    public static partial nint copy_file_range(SafeFileHandle source, long* sourceOffset, SafeFileHandle target, long* targetOffset, nuint length, uint flags);

    [LibraryImport(C, SetLastError = true)]
    public static partial int ioctl(SafeFileHandle file, nuint request, nint argument);

    [LibraryImport(C, SetLastError = true)]
    public static partial long lseek(SafeFileHandle file, long offset, int whence);

    [LibraryImport(C, SetLastError = true)]
    public static partial int ftruncate(SafeFileHandle file, long length);

    [LibraryImport(C, SetLastError = true)]
    public static partial nint flistxattr(SafeFileHandle file, byte* list, nuint size);

    [LibraryImport(C, SetLastError = true)]
    public static partial nint fgetxattr(SafeFileHandle file, byte* name, byte* value, nuint size);

    [LibraryImport(C, SetLastError = true)]
    public static partial int fsetxattr(SafeFileHandle file, byte* name, byte* value, nuint size, int flags);

    [LibraryImport(C, SetLastError = true)]
    public static partial nint llistxattr(byte* path, byte* list, nuint size);

    [LibraryImport(C, SetLastError = true)]
    public static partial nint lgetxattr(byte* path, byte* name, byte* value, nuint size);

    [LibraryImport(C, SetLastError = true)]
    public static partial int lsetxattr(byte* path, byte* name, byte* value, nuint size, int flags);
}

/// <summary>linux/openat2.h, <c>struct open_how</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenHow
{
    public ulong Flags;
    public ulong Mode;
    public ulong Resolve;
}

/// <summary>time.h, <c>struct timespec</c> on 64-bit machines.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeSpec
{
    /// <summary>sys/stat.h: leave this time as it is. FreeBSD's value differs.</summary>
    public static readonly long Omit = Abi.IsFreeBsd ? -2 : 0x3ffffffe;

    public long Seconds;
    public long Nanoseconds;
}

/// <summary>linux/stat.h, <c>struct statx</c>; the same on every architecture.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct StatxBuffer
{
    [FieldOffset(16)] public uint LinkCount;
    [FieldOffset(20)] public uint UserId;
    [FieldOffset(24)] public uint GroupId;
    [FieldOffset(28)] public ushort Mode;
    [FieldOffset(32)] public ulong Inode;
    [FieldOffset(40)] public ulong Size;
    [FieldOffset(48)] public ulong Blocks;
    [FieldOffset(64)] public long AccessedSeconds;
    [FieldOffset(72)] public uint AccessedNanoseconds;
    [FieldOffset(96)] public long ChangedSeconds;
    [FieldOffset(104)] public uint ChangedNanoseconds;
    [FieldOffset(112)] public long ModifiedSeconds;
    [FieldOffset(120)] public uint ModifiedNanoseconds;
    [FieldOffset(128)] public uint RawDeviceMajor;
    [FieldOffset(132)] public uint RawDeviceMinor;
    [FieldOffset(136)] public uint DeviceMajor;
    [FieldOffset(140)] public uint DeviceMinor;
}

/// <summary>FreeBSD sys/stat.h, <c>struct stat</c> since 12.0 on 64-bit machines.</summary>
[StructLayout(LayoutKind.Explicit, Size = 224)]
internal struct FreeBsdStat
{
    [FieldOffset(0)] public ulong Device;
    [FieldOffset(8)] public ulong Inode;
    [FieldOffset(16)] public ulong LinkCount;
    [FieldOffset(24)] public ushort Mode;
    [FieldOffset(28)] public uint UserId;
    [FieldOffset(32)] public uint GroupId;
    [FieldOffset(40)] public ulong RawDevice;
    [FieldOffset(48)] public long AccessedSeconds;
    [FieldOffset(56)] public long AccessedNanoseconds;
    [FieldOffset(64)] public long ModifiedSeconds;
    [FieldOffset(72)] public long ModifiedNanoseconds;
    [FieldOffset(80)] public long ChangedSeconds;
    [FieldOffset(88)] public long ChangedNanoseconds;
    [FieldOffset(112)] public long Size;
    [FieldOffset(120)] public long Blocks;
}
