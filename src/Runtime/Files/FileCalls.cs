using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// The system calls on a name in an open directory. Names are single components and end in NUL; none of these follows a symbolic link.
/// A call that returns false or a negative number leaves its reason in <see cref="Native.Errno.Last"/>.
/// </summary>
internal static unsafe class FileCalls
{
    private const int LinkBufferSize = 4096;
    private const int DeviceMinorLowMask = 0xff;
    private const int DeviceMajorLowMask = 0xfff;
    private const int BlockSize = 512;

    public static SafeFileHandle? Open(SafeFileHandle directory, ReadOnlySpan<byte> name, int flags, uint mode = 0)
    {
        fixed (byte* pointer = name)
        {
            var handle = NativeMethods.openat(directory, pointer, flags | Abi.O_CLOEXEC | Abi.O_NOFOLLOW | Abi.O_NOCTTY, mode);
            return handle.IsInvalid ? Invalid(handle) : handle;
        }
    }

    /// <summary>Opens for reading what was opened with <c>O_PATH</c>, whatever its name stands for by now.</summary>
    public static SafeFileHandle? OpenFound(SafeFileHandle file)
    {
        // open(2) of FreeBSD, O_EMPTY_PATH; proc_pid_fd(5) of Linux.
        fixed (byte* pointer = Abi.IsFreeBsd ? "\0"u8 : ((UnixPath)$"/proc/self/fd/{file.DangerousGetHandle()}").Terminated)
        {
            var handle = NativeMethods.openat(file, pointer, Abi.O_RDONLY | Abi.O_CLOEXEC | Abi.O_EMPTY_PATH, 0);
            return handle.IsInvalid ? Invalid(handle) : handle;
        }
    }

    public static bool TryStat(SafeFileHandle directory, ReadOnlySpan<byte> name, out FileStatus status)
    {
        fixed (byte* pointer = name)
        {
            if (Abi.IsFreeBsd)
            {
                FreeBsdStat stat;
                var result = NativeMethods.fstatat(directory, pointer, &stat, Abi.AT_SYMLINK_NOFOLLOW);
                status = result == 0 ? From(stat) : default;
                return result == 0;
            }

            return TryStatx(directory, pointer, Abi.AT_SYMLINK_NOFOLLOW, out status);
        }
    }

    public static bool TryStat(SafeFileHandle file, out FileStatus status)
    {
        if (Abi.IsFreeBsd)
        {
            FreeBsdStat stat;
            var result = NativeMethods.fstat(file, &stat);
            status = result == 0 ? From(stat) : default;
            return result == 0;
        }

        fixed (byte* empty = "\0"u8)
        {
            return TryStatx(file, empty, Abi.AT_EMPTY_PATH, out status);
        }
    }

    /// <summary>The target of a symbolic link; null when the name is something else or not there.</summary>
    public static byte[]? ReadLink(SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        Span<byte> buffer = stackalloc byte[LinkBufferSize];
        fixed (byte* pointer = name, target = buffer)
        {
            var length = NativeMethods.readlinkat(directory, pointer, target, LinkBufferSize);
            return length < 0 ? null : buffer[..(int)length].ToArray();
        }
    }

    public static bool MakeDirectory(SafeFileHandle directory, ReadOnlySpan<byte> name, uint mode)
    {
        fixed (byte* pointer = name)
        {
            return NativeMethods.mkdirat(directory, pointer, mode) == 0;
        }
    }

    /// <param name="target">Ends in NUL.</param>
    public static bool MakeSymbolicLink(SafeFileHandle directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target)
    {
        fixed (byte* pointer = name, text = target)
        {
            return NativeMethods.symlinkat(text, directory, pointer) == 0;
        }
    }

    public static bool MakeNode(SafeFileHandle directory, ReadOnlySpan<byte> name, uint mode, ulong device)
    {
        fixed (byte* pointer = name)
        {
            return NativeMethods.mknodat(directory, pointer, mode, device) == 0;
        }
    }

    public static bool MakeHardLink(SafeFileHandle oldDirectory, ReadOnlySpan<byte> oldName, SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* pointer = name, old = oldName)
        {
            return NativeMethods.linkat(oldDirectory, old, directory, pointer, 0) == 0;
        }
    }

    public static bool Rename(SafeFileHandle oldDirectory, ReadOnlySpan<byte> oldName, SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* pointer = name, old = oldName)
        {
            return NativeMethods.renameat(oldDirectory, old, directory, pointer) == 0;
        }
    }

    public static bool Unlink(SafeFileHandle directory, ReadOnlySpan<byte> name, bool isDirectory)
    {
        fixed (byte* pointer = name)
        {
            return NativeMethods.unlinkat(directory, pointer, isDirectory ? Abi.AT_REMOVEDIR : 0) == 0;
        }
    }

    public static bool SetOwner(SafeFileHandle directory, ReadOnlySpan<byte> name, FileOwner owner)
    {
        fixed (byte* pointer = name)
        {
            return NativeMethods.fchownat(directory, pointer, owner.User, owner.Group, Abi.AT_SYMLINK_NOFOLLOW) == 0;
        }
    }

    /// <summary>Follows a link in the last component, as Linux knows no other way: only for names that were just made and are no links.</summary>
    public static bool SetMode(SafeFileHandle directory, ReadOnlySpan<byte> name, uint permissions)
    {
        fixed (byte* pointer = name)
        {
            return NativeMethods.fchmodat(directory, pointer, permissions, 0) == 0;
        }
    }

    public static bool SetModified(SafeFileHandle directory, ReadOnlySpan<byte> name, FileTime modified)
    {
        var times = stackalloc TimeSpec[2];
        Fill(times, modified);
        fixed (byte* pointer = name)
        {
            return NativeMethods.utimensat(directory, pointer, times, Abi.AT_SYMLINK_NOFOLLOW) == 0;
        }
    }

    /// <summary>Modified now, by the kernel's clock.</summary>
    public static bool Touch(SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* pointer = name)
        {
            return NativeMethods.utimensat(directory, pointer, null, Abi.AT_SYMLINK_NOFOLLOW) == 0;
        }
    }

    /// <summary>Puts both times back to what they were.</summary>
    public static bool SetTimes(SafeFileHandle file, in FileStatus status)
    {
        var times = stackalloc TimeSpec[2];
        Fill(times, status.Modified);
        times[0] = new TimeSpec { Seconds = status.Accessed.Seconds, Nanoseconds = status.Accessed.Nanoseconds };
        return NativeMethods.futimens(file, times) == 0;
    }

    public static bool SetModified(SafeFileHandle file, FileTime modified)
    {
        var times = stackalloc TimeSpec[2];
        Fill(times, modified);
        return NativeMethods.futimens(file, times) == 0;
    }

    public static int Read(SafeFileHandle file, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            return (int)NativeMethods.read(file, pointer, (nuint)buffer.Length);
        }
    }

    public static bool WriteAll(SafeFileHandle file, ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            fixed (byte* pointer = content)
            {
                var written = NativeMethods.write(file, pointer, (nuint)content.Length);
                if (written < 0)
                {
                    return false;
                }

                content = content[(int)written..];
            }
        }

        return true;
    }

    private static bool TryStatx(SafeFileHandle directory, byte* name, int flags, out FileStatus status)
    {
        StatxBuffer buffer;
        if (NativeMethods.statx(directory, name, flags, NativeMethods.STATX_BASIC_STATS, &buffer) != 0)
        {
            status = default;
            return false;
        }

        status = new FileStatus
        {
            Mode = buffer.Mode,
            Owner = new FileOwner(buffer.UserId, buffer.GroupId),
            Size = (long)buffer.Size,
            AllocatedSize = (long)buffer.Blocks * BlockSize,
            Device = ((ulong)buffer.DeviceMajor << 32) | buffer.DeviceMinor,
            Inode = buffer.Inode,
            LinkCount = buffer.LinkCount,
            RawDevice = MakeDevice(buffer.RawDeviceMajor, buffer.RawDeviceMinor),
            Accessed = new FileTime(buffer.AccessedSeconds, buffer.AccessedNanoseconds),
            Modified = new FileTime(buffer.ModifiedSeconds, buffer.ModifiedNanoseconds),
            Changed = new FileTime(buffer.ChangedSeconds, buffer.ChangedNanoseconds),
        };
        return true;
    }

    private static FileStatus From(in FreeBsdStat stat) => new()
    {
        Mode = stat.Mode,
        Owner = new FileOwner(stat.UserId, stat.GroupId),
        Size = stat.Size,
        AllocatedSize = stat.Blocks * BlockSize,
        Device = stat.Device,
        Inode = stat.Inode,
        LinkCount = (uint)stat.LinkCount,
        RawDevice = stat.RawDevice,
        Accessed = new FileTime(stat.AccessedSeconds, (uint)stat.AccessedNanoseconds),
        Modified = new FileTime(stat.ModifiedSeconds, (uint)stat.ModifiedNanoseconds),
        Changed = new FileTime(stat.ChangedSeconds, (uint)stat.ChangedNanoseconds),
    };

    /// <summary>makedev(3) of the GNU C library: the low bits of both in one 32-bit half, the high bits around them.</summary>
    public static ulong MakeDevice(ulong major, ulong minor) =>
        ((major & DeviceMajorLowMask) << 8) | ((major & ~(ulong)DeviceMajorLowMask) << 32)
        | (minor & DeviceMinorLowMask) | ((minor & ~(ulong)DeviceMinorLowMask) << 12);

    /// <summary>What <see cref="MakeDevice"/> was given.</summary>
    public static (ulong Major, ulong Minor) DeviceNumbers(ulong device) =>
        (((device >> 8) & DeviceMajorLowMask) | ((device >> 32) & ~(ulong)DeviceMajorLowMask),
            (device & DeviceMinorLowMask) | ((device >> 12) & ~(ulong)DeviceMinorLowMask));

    private static void Fill(TimeSpec* times, FileTime modified)
    {
        times[0] = new TimeSpec { Nanoseconds = TimeSpec.Omit };
        times[1] = new TimeSpec { Seconds = modified.Seconds, Nanoseconds = modified.Nanoseconds };
    }

    private static SafeFileHandle? Invalid(SafeFileHandle handle)
    {
        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        Marshal.SetLastPInvokeError(error);
        return null;
    }
}
