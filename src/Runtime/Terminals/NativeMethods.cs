using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Files;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Terminals;

/// <summary>termios(3), ioctl(2) and posix_openpt(3). Numbers are those of Linux (ioctl_tty(2)) and of FreeBSD (sys/ttycom.h).</summary>
internal static unsafe partial class NativeMethods
{
    public const int O_RDWR = 2;

    /// <summary>After what was written has been shown.</summary>
    public const int TCSADRAIN = 1;

    /// <summary>More than <c>struct termios</c> has on any of our systems.</summary>
    public const int OpaqueTerminalSize = 256;

    public static readonly nuint TIOCGWINSZ = Abi.IsFreeBsd ? 0x40087468u : 0x5413u;
    public static readonly nuint TIOCSWINSZ = Abi.IsFreeBsd ? 0x80087467u : 0x5414u;
    public static readonly nuint TIOCSCTTY = Abi.IsFreeBsd ? 0x20007461u : 0x540Eu;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(int terminal, nuint request, WindowSize* size);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int tcgetattr(int descriptor, byte* settings);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int tcsetattr(int descriptor, int when, byte* settings);

    [LibraryImport("libc")]
    public static partial void cfmakeraw(byte* settings);

    [LibraryImport("libc", SetLastError = true)]
    public static partial SafeFileHandle posix_openpt(int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int grantpt(SafeFileHandle master);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int unlockpt(SafeFileHandle master);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ptsname_r(SafeFileHandle master, byte* name, nuint size);

    [LibraryImport("libc", SetLastError = true)]
    public static partial SafeFileHandle open(byte* path, int flags);
}
