using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>The one call that the framework lacks. Its numbers are the same in both C libraries that we may be linked against (fcntl.h).</summary>
internal static partial class NativeMethods
{
    private const int F_SETFD = 2;
    private const int FD_CLOEXEC = 1;

    /// <summary>Keeps an open file from the programs that we start.</summary>
    public static void CloseOnExec(int descriptor)
    {
        if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0)
        {
            throw Native.Errno.LastException($"fcntl of the open file {descriptor}");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int descriptor, int command, int argument);
}
