using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Jails.Linux.Launching;

/// <summary>Has the launcher start one jail.</summary>
/// <param name="namespaces">Flags of clone(2).</param>
/// <param name="script">What makes the jail.</param>
/// <param name="group">The directory of its control group.</param>
internal sealed unsafe class JailStarter(LaunchServer server, ulong namespaces, SafeFileHandle script, SafeFileHandle group) : IProcessStarter
{
    public int Start(int input, int output, int errors)
    {
        var pipe = stackalloc int[2];
        if (Processes.NativeMethods.pipe2(pipe, Processes.NativeMethods.O_CLOEXEC) != 0)
        {
            throw Errno.LastException("pipe");
        }

        using var told = new SafeFileHandle(pipe[1], ownsHandle: true);
        try
        {
            server.Ask(namespaces, [(int)script.DangerousGetHandle(), input, output, errors, pipe[1], (int)group.DangerousGetHandle()]);
            return pipe[0];
        }
        catch
        {
            _ = Processes.NativeMethods.close(pipe[0]);
            throw;
        }
    }
}
