using System.Diagnostics.CodeAnalysis;
using Kleene.Build.Runtime.Native;
using Terminal = Kleene.Build.Runtime.Terminals.NativeMethods;

namespace Kleene.Build.Runtime.Processes;

/// <summary>
/// Becomes another program, as the leader of a session whose terminal is our standard input: so a shell on it has job control, and what is typed there to interrupt
/// reaches it. A process can begin a session only for itself, and FreeBSD's posix_spawn(3) has no word for that.
/// </summary>
internal static unsafe class SessionLeader
{
    /// <param name="command">Its program by its full path; of the rest, its arguments and its environment.</param>
    /// <exception cref="IOException">We lead a process group already, the terminal is somebody else's, or there is no such program.</exception>
    [DoesNotReturn]
    public static void Become(CommandLine command)
    {
        if (NativeMethods.setsid() < 0)
        {
            throw Errno.LastException("setsid");
        }

        if (Terminal.ioctl(0, Terminal.TIOCSCTTY, null) != 0)
        {
            throw Errno.LastException("TIOCSCTTY");
        }

        // The runtime ignores SIGPIPE and may block others; a program expects what execve(2) gives it from a shell. What is handled becomes the default by itself.
        var none = stackalloc byte[NativeMethods.OpaqueSize];
        _ = NativeMethods.sigemptyset(none);
        _ = NativeMethods.pthread_sigmask(NativeMethods.SIG_SETMASK, none, null);
        _ = NativeMethods.signal(NativeMethods.SIGPIPE, NativeMethods.SIG_DFL);

        using var argv = new NativeStrings([command.Program, .. command.Arguments]);
        using var environment = new NativeStrings(command.Environment.AsSpan());
        _ = NativeMethods.execve(command.Program, argv.Pointer, environment.Pointer);
        throw Errno.LastException($"run '{command.Program}'");
    }
}
