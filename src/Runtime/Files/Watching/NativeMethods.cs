using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files.Watching;

/// <summary>inotify(7). Linux only.</summary>
internal static unsafe partial class NativeMethods
{
    public const int IN_NONBLOCK = 0x800;
    public const int IN_CLOEXEC = 0x80000;

    public const uint IN_MODIFY = 0x2;
    public const uint IN_ATTRIB = 0x4;
    public const uint IN_CLOSE_WRITE = 0x8;
    public const uint IN_MOVED_FROM = 0x40;
    public const uint IN_MOVED_TO = 0x80;
    public const uint IN_CREATE = 0x100;
    public const uint IN_DELETE = 0x200;
    public const uint IN_Q_OVERFLOW = 0x4000;
    public const uint IN_IGNORED = 0x8000;
    public const uint IN_ONLYDIR = 0x1000000;

    /// <summary><c>struct inotify_event</c> without its name.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Event
    {
        public int Watch;
        public uint Mask;
        public uint Cookie;
        public uint Length;
    }

    [LibraryImport("libc", SetLastError = true)]
    public static partial SafeFileHandle inotify_init1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int inotify_add_watch(SafeFileHandle queue, byte* path, uint mask);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int inotify_rm_watch(SafeFileHandle queue, int watch);
}
