using System.Globalization;
using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Jails.Linux.Launching;

/// <summary>Our end of the launcher, <c>launch.c</c>: one process, which starts with the first jail and ends when this is disposed of or we end.</summary>
internal sealed unsafe partial class LaunchServer : IDisposable
{
    // linux/socket.h
    private const int LocalSockets = 1;
    private const int Packets = 5;
    private const int CloseOnExecute = 0x80000;
    private const int SocketLevel = 1;
    private const int Rights = 1;
    private const int NoSignal = 0x4000;

    private readonly SafeFileHandle socket;
    private readonly int pid;

    private LaunchServer(SafeFileHandle socket, int pid)
    {
        this.socket = socket;
        this.pid = pid;
    }

    /// <param name="name">What the process is called.</param>
    public static LaunchServer Start(string name, SealedProgram program)
    {
        var ends = stackalloc int[2];
        if (socketpair(LocalSockets, Packets | CloseOnExecute, 0, ends) != 0)
        {
            throw Errno.LastException("socketpair");
        }

        var ours = new SafeFileHandle(ends[0], ownsHandle: true);
        using var its = new SafeFileHandle(ends[1], ownsHandle: true);
        using var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var output = (int)nothing.DangerousGetHandle();
        var command = new CommandLine(name, [ends[1].ToString(CultureInfo.InvariantCulture)]) { InheritedFiles = [its] };
        try
        {
            // What is typed at our terminal is for us: we stop the jails.
            return new LaunchServer(ours, Spawner.Spawn(command, program.Path, SpawnPlace.OwnSession, new StandardDescriptors(Input: -1, output, output)));
        }
        catch
        {
            ours.Dispose();
            throw;
        }
    }

    /// <summary>Asks for a jail.</summary>
    /// <param name="namespaces">Flags of clone(2).</param>
    /// <param name="files">What <c>launch.c</c> says: script, streams, pipe for the end, control group.</param>
    /// <exception cref="JailStartException">The launcher has ended.</exception>
    public void Ask(ulong namespaces, ReadOnlySpan<int> files)
    {
        var control = stackalloc byte[sizeof(ControlHeader) + (files.Length * sizeof(int))];
        *(ControlHeader*)control = new ControlHeader { Length = (nuint)(sizeof(ControlHeader) + (files.Length * sizeof(int))), Level = SocketLevel, Type = Rights };
        files.CopyTo(new Span<int>(control + sizeof(ControlHeader), files.Length));
        var body = new BodyPart { Start = &namespaces, Length = sizeof(ulong) };
        var message = new Message { Body = &body, BodyParts = 1, Control = control, ControlLength = ((ControlHeader*)control)->Length };
        if (sendmsg(socket, &message, NoSignal) < 0)
        {
            throw new JailStartException(JailStartFailure.Jail, $"the launcher of build steps has ended: {Errno.LastException("sendmsg").Message}");
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        _ = Processes.NativeMethods.waitpid(pid, out _, 0);
    }

    // struct cmsghdr, iovec and msghdr as 64-bit systems have them.
    [StructLayout(LayoutKind.Sequential)]
    private struct ControlHeader
    {
        public nuint Length;
        public int Level;
        public int Type;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct BodyPart
    {
        public void* Start;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public void* Name;
        public uint NameLength;
        public BodyPart* Body;
        public nuint BodyParts;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socketpair(int domain, int type, int protocol, int* ends);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendmsg(SafeFileHandle socket, Message* message, int flags);
}
