using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Native;

/// <summary>
/// Error numbers of system calls, as errno(3) names them, and the exceptions they become. Up to 34 Linux and FreeBSD agree,
/// but for EAGAIN; what they do not agree on is no constant, so that it cannot stand in a pattern by mistake.
/// </summary>
internal static class Errno
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int EINTR = 4;
    public const int ENXIO = 6;
    public const int EACCES = 13;
    public const int EBUSY = 16;
    public const int EEXIST = 17;
    public const int EXDEV = 18;
    public const int ENODEV = 19;
    public const int ENOTDIR = 20;
    public const int EISDIR = 21;
    public const int EINVAL = 22;
    public const int ENOSPC = 28;
    public const int EROFS = 30;
    public const int EMLINK = 31;

    public static readonly int EAGAIN = IsFreeBsd ? 35 : 11;
    public static readonly int ENAMETOOLONG = IsFreeBsd ? 63 : 36;
    public static readonly int ENOSYS = IsFreeBsd ? 78 : 38;
    public static readonly int ENOTEMPTY = IsFreeBsd ? 66 : 39;
    public static readonly int ELOOP = IsFreeBsd ? 62 : 40;
    public static readonly int EOPNOTSUPP = IsFreeBsd ? 45 : 95;
    public static readonly int EDQUOT = IsFreeBsd ? 69 : 122;

    private static bool IsFreeBsd => OperatingSystem.IsFreeBSD();

    /// <summary>The error of the system call just made by a function marked <c>SetLastError</c>.</summary>
    public static int Last => Marshal.GetLastPInvokeError();

    /// <summary>An exception whose <see cref="Exception.HResult"/> is the error number, as the framework's own I/O exceptions have it.</summary>
    /// <param name="operation">The call and what it was made on: <c>mkdir 'a/b'</c>.</param>
    public static IOException Exception(int errno, string operation) =>
        new($"{operation}: {Marshal.GetPInvokeErrorMessage(errno)}", errno);

    public static IOException LastException(string operation) => Exception(Last, operation);
}
