using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Native;

/// <summary>Error numbers of system calls, as errno(3) names them, and the exceptions they become.</summary>
internal static class Errno
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int EINTR = 4;
    public const int EIO = 5;
    public const int EBADF = 9;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EACCES = 13;
    public const int EBUSY = 16;
    public const int EEXIST = 17;
    public const int EXDEV = 18;
    public const int ENODEV = 19;
    public const int ENOTDIR = 20;
    public const int EISDIR = 21;
    public const int EINVAL = 22;
    public const int ENOTTY = 25;
    public const int ENOSPC = 28;
    public const int EROFS = 30;
    public const int ENAMETOOLONG = 36;
    public const int ENOSYS = 38;
    public const int ENOTEMPTY = 39;
    public const int ELOOP = 40;
    public const int ENODATA = 61;
    public const int EOPNOTSUPP = 95;
    public const int EDQUOT = 122;

    /// <summary>The error of the system call just made by a function marked <c>SetLastError</c>.</summary>
    public static int Last => Marshal.GetLastPInvokeError();

    /// <summary>An exception whose <see cref="Exception.HResult"/> is the error number, as the framework's own I/O exceptions have it.</summary>
    /// <param name="operation">The call and what it was made on: <c>mkdir 'a/b'</c>.</param>
    public static IOException Exception(int errno, string operation) =>
        new($"{operation}: {Marshal.GetPInvokeErrorMessage(errno)}", errno);

    public static IOException LastException(string operation) => Exception(Last, operation);
}
