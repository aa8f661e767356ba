using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Storage.Btrfs;

/// <summary>The ioctls of btrfs (uapi/linux/btrfs.h) and of extent maps (uapi/linux/fiemap.h).</summary>
internal static partial class NativeMethods
{
    public const nuint BTRFS_IOC_SUBVOL_CREATE = 0x5000940E;
    public const nuint BTRFS_IOC_SNAP_DESTROY = 0x5000940F;
    public const nuint BTRFS_IOC_SNAP_CREATE_V2 = 0x50009417;
    public const nuint BTRFS_IOC_SUBVOL_GETFLAGS = 0x80089419;
    public const nuint BTRFS_IOC_SUBVOL_SETFLAGS = 0x4008941A;
    public const nuint BTRFS_IOC_GET_SUBVOL_ROOTREF = 0xD000943D;
    public const nuint FS_IOC_FIEMAP = 0xC020660B;

    public const ulong BTRFS_SUBVOL_RDONLY = 2;

    /// <summary>The root directory of every subvolume has it, and nothing else (BTRFS_FIRST_FREE_OBJECTID).</summary>
    public const ulong RootInode = 256;

    public const uint FIEMAP_FLAG_SYNC = 1;
    public const uint FIEMAP_EXTENT_LAST = 1;
    public const uint FIEMAP_EXTENT_SHARED = 0x2000;

    public const int ExtentsAtOnce = 64;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(SafeFileHandle file, nuint request, ref VolumeArguments arguments);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(SafeFileHandle file, nuint request, ref SnapshotArguments arguments);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(SafeFileHandle file, nuint request, ref ulong flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(SafeFileHandle file, nuint request, ref RootReferences arguments);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(SafeFileHandle file, nuint request, ref ExtentMap map);

    /// <summary><c>struct btrfs_ioctl_vol_args</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct VolumeArguments
    {
        public long Descriptor;
        public NameBuffer4088 Name;
    }

    /// <summary><c>struct btrfs_ioctl_vol_args_v2</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SnapshotArguments
    {
        public long Descriptor;
        public ulong Transaction;
        public ulong Flags;
        private readonly Unused4 unused;
        public NameBuffer4040 Name;
    }

    /// <summary><c>struct btrfs_ioctl_get_subvol_rootref_args</c>: at most 255 references of two numbers each.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 4096)]
    public struct RootReferences
    {
        [FieldOffset(4088)]
        public byte Count;
    }

    /// <summary><c>struct fiemap</c> with its extents.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ExtentMap
    {
        public ulong Start;
        public ulong Length;
        public uint Flags;
        public uint Mapped;
        public uint Capacity;
        private readonly uint reserved;
        public Extents Items;
    }

    /// <summary><c>struct fiemap_extent</c>.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 56)]
    public struct Extent
    {
        public ulong Logical;
        public ulong Physical;
        public ulong Length;
        private readonly ulong reserved1;
        private readonly ulong reserved2;
        public uint Flags;
    }

    [InlineArray(ExtentsAtOnce)]
    public struct Extents
    {
        private Extent first;
    }

    [InlineArray(4088)]
    public struct NameBuffer4088
    {
        private byte first;
    }

    [InlineArray(4040)]
    public struct NameBuffer4040
    {
        private byte first;
    }

    [InlineArray(4)]
    public struct Unused4
    {
        private ulong first;
    }
}
