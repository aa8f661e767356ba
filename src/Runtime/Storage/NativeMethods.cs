using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Storage;

/// <summary>Mounts: the classic calls, and those of Linux 5.2 by number, because glibc has wrappers for them only since 2.36.</summary>
internal static partial class NativeMethods
{
    public const ulong MS_RDONLY = 1;
    public const ulong MS_REMOUNT = 32;
    public const ulong MS_BIND = 4096;
    public const ulong MS_REC = 16384;
    public const ulong MS_PRIVATE = 1 << 18;
    public const ulong MS_SLAVE = 1 << 19;
    public const ulong MS_SHARED = 1 << 20;

    public const int MNT_DETACH = 2;

    public const int O_PATH = 0x200000;
    public const int O_CLOEXEC = 0x80000;

    public const int CLONE_FS = 0x200;
    public const int CLONE_NEWNS = 0x20000;

    // The numbers of new system calls are the same on every architecture but alpha.
    public const long SYS_open_tree = 428;
    public const long SYS_move_mount = 429;
    public const long SYS_fsopen = 430;
    public const long SYS_fsconfig = 431;
    public const long SYS_fsmount = 432;
    public const long SYS_mount_setattr = 442;

    public const long FSOPEN_CLOEXEC = 1;
    public const long FSMOUNT_CLOEXEC = 1;
    public const long FSCONFIG_SET_FLAG = 0;
    public const long FSCONFIG_SET_STRING = 1;
    public const long FSCONFIG_CMD_CREATE = 6;
    public const long MOUNT_ATTR_RDONLY = 1;
    public const ulong MOUNT_ATTR_IDMAP = 0x100000;
    public const long OPEN_TREE_CLONE = 1;
    public const long MOVE_MOUNT_F_EMPTY_PATH = 4;

    public const long BTRFS_SUPER_MAGIC = 0x9123683E;
    public const long OVERLAYFS_SUPER_MAGIC = 0x794C7630;
    public const long FUSE_SUPER_MAGIC = 0x65735546;
    public const long NFS_SUPER_MAGIC = 0x6969;
    public const long ZFS_SUPER_MAGIC = 0x2FC12FC1;
    public const long EXT_SUPER_MAGIC = 0xEF53;
    public const long XFS_SUPER_MAGIC = 0x58465342;
    public const long TMPFS_MAGIC = 0x01021994;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mount(string? source, string target, string? type, ulong flags, string? options);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int umount2(string target, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int access(string path, int mode);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int chdir(string path);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int statfs(string path, out FileSystemStatus status);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial long fsopen(long number, ReadOnlySpan<byte> type, long flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial long fsconfig(
        long number, SafeFileHandle context, long command, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long auxiliary);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial long fsmount(long number, SafeFileHandle context, long flags, long attributes);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial long move_mount(
        long number, SafeFileHandle from, ReadOnlySpan<byte> fromPath, long to, ReadOnlySpan<byte> toPath, long flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial long open_tree(long number, long directory, ReadOnlySpan<byte> path, long flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial long mount_setattr(long number, SafeFileHandle mount, ReadOnlySpan<byte> path, long flags, ref MountAttributes attributes, long size);

    /// <summary>read(2) from a mount context gives what the kernel has to say about a failure, one message a call.</summary>
    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(SafeFileHandle file, Span<byte> buffer, nint size);

    /// <summary><c>struct statfs</c> of 64-bit Linux (statfs(2)); only the first member is the same elsewhere.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 120)]
    public struct FileSystemStatus
    {
        public long Type;
        public long BlockSize;
        public ulong Blocks;
        public ulong FreeBlocks;
        public ulong AvailableBlocks;
    }

    /// <summary><c>struct mount_attr</c> (mount_setattr(2)).</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MountAttributes
    {
        public const long Size = 32;

        public ulong Set;
        public ulong Clear;
        public ulong Propagation;
        public ulong UserNamespace;
    }
}
