using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Users;

/// <summary>Calls of Linux about who acts.</summary>
internal static partial class NativeMethods
{
    public const int O_CLOEXEC = 0x80000;

    /// <summary>_LINUX_CAPABILITY_VERSION_3: two sets of 32 each.</summary>
    public const uint CapabilityVersion = 0x20080522;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle open(string path, int flags);

    [LibraryImport("libc")]
    public static partial int setfsuid(uint id);

    [LibraryImport("libc")]
    public static partial int setfsgid(uint id);

    [LibraryImport("libc", SetLastError = true)]
    public static unsafe partial int capget(ref CapabilityHeader header, CapabilitySets* sets);

    [LibraryImport("libc", SetLastError = true)]
    public static unsafe partial int capset(ref CapabilityHeader header, CapabilitySets* sets);

    [StructLayout(LayoutKind.Sequential)]
    public struct CapabilityHeader
    {
        public uint Version;

        /// <summary>Zero is the calling thread.</summary>
        public int Thread;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct CapabilitySets
    {
        public uint Effective;
        public uint Permitted;
        public uint Inheritable;
    }
}
