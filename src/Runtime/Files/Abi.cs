using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// The numbers that differ between the C libraries we run on: fcntl.h and dirent.h of Linux (x86-64 and arm64) and FreeBSD.
/// Asks what the process is linked against, not what the kernel is: a Linux binary on FreeBSD speaks Linux.
/// </summary>
internal static class Abi
{
    public static readonly bool IsFreeBsd = OperatingSystem.IsFreeBSD();

    /// <summary>arm64 kept the values of 32-bit ARM for these two; the other Linux ports share asm-generic's.</summary>
    private static readonly bool SwapsDirectoryFlags = !IsFreeBsd && RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    public const int O_RDONLY = 0;
    public const int O_WRONLY = 1;
    public static readonly int O_CREAT = IsFreeBsd ? 0x200 : 0x40;
    public static readonly int O_EXCL = IsFreeBsd ? 0x800 : 0x80;
    public static readonly int O_TRUNC = IsFreeBsd ? 0x400 : 0x200;
    public static readonly int O_NONBLOCK = IsFreeBsd ? 0x4 : 0x800;
    public static readonly int O_DIRECTORY = IsFreeBsd ? 0x20000 : SwapsDirectoryFlags ? 0x4000 : 0x10000;
    public static readonly int O_NOFOLLOW = IsFreeBsd ? 0x100 : SwapsDirectoryFlags ? 0x8000 : 0x20000;
    public static readonly int O_CLOEXEC = IsFreeBsd ? 0x100000 : 0x80000;
    public static readonly int O_NOCTTY = IsFreeBsd ? 0x8000 : 0x100;

    public static readonly int O_PATH = IsFreeBsd ? 0x400000 : 0x200000;
    public static readonly int O_EMPTY_PATH = IsFreeBsd ? 0x2000000 : 0;

    public const int AT_FDCWD = -100;
    public static readonly int AT_SYMLINK_NOFOLLOW = IsFreeBsd ? 0x200 : 0x100;
    public static readonly int AT_REMOVEDIR = IsFreeBsd ? 0x800 : 0x200;
    public const int AT_EMPTY_PATH = 0x1000;

    /// <summary>FreeBSD's open(2) says EMLINK where O_NOFOLLOW meets a symbolic link.</summary>
    public static readonly int LinkRefused = IsFreeBsd ? Errno.EMLINK : Errno.ELOOP;

    /// <summary>Where the name starts in a directory entry; the record length is at 16 and the type at 18 in both.</summary>
    public static readonly int DirectoryEntryName = IsFreeBsd ? 24 : 19;

    public const long SYS_openat2 = 437;
    public static readonly long SYS_getdents64 = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 217 : 61;
}
