using System.Diagnostics;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Processes;

/// <summary>
/// One program from its start to its end, on the thread that started it: feeds its input, reads its output and stops it when asked,
/// in one poll(2) loop.
/// </summary>
internal sealed unsafe class ChildProcess : IDisposable
{
    private const int BufferSize = 32 * 1024;
    private const int PipeBuffer = 4096;

    /// <summary>How often a program is looked at where the kernel has no pidfd_open(2).</summary>
    private const int PollingMilliseconds = 10;

    /// <summary>How long output is still read after the program's end when something it left behind holds the pipes open.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromMilliseconds(200);

    private readonly CommandLine command;
    private readonly int pid;
    private readonly bool ownGroup;
    private readonly int processDescriptor;
    private readonly WakePipe wake = new();
    private readonly OutputPipe output;
    private readonly OutputPipe error;
    private readonly long started = Stopwatch.GetTimestamp();
    private int inputDescriptor;
    private int inputWritten;
    private ExitStatus? exit;
    private volatile bool stopRequested;

    /// <param name="pid">0 where somebody else started it.</param>
    /// <param name="processDescriptor">Can be read when it has ended; -1 where the kernel has none.</param>
    private ChildProcess(CommandLine command, int pid, int processDescriptor, bool ownGroup, int inputDescriptor, OutputPipe output, OutputPipe error)
    {
        this.command = command;
        this.pid = pid;
        this.processDescriptor = processDescriptor;
        this.ownGroup = ownGroup;
        this.inputDescriptor = inputDescriptor;
        this.output = output;
        this.error = error;
    }

    public static ChildProcess Start(CommandLine command, string path, ProcessOutput output)
    {
        // Both ends are closed on exec; dup2 in the child clears that flag on the copies.
        var (inputRead, inputWrite) = command.Input.Length > 0 ? Pipe() : (-1, -1);
        var inherits = output is ProcessOutput.Inherit;
        var redirect = output as ProcessOutput.Redirect;
        var (outputRead, outputWrite) = inherits || redirect is not null ? (-1, -1) : Pipe();
        var (errorRead, errorWrite) = inherits || redirect is { WithErrors: true } ? (-1, -1) : Pipe();
        try
        {
            // A program that shares our terminal stays in our process group, or reading from the terminal would stop it (SIGTTIN).
            var keepsInput = output is ProcessOutput.Inherit { KeepInput: true };
            var ownGroup = !keepsInput && redirect is not { IsTerminal: true };
            var standardOutput = redirect is not null ? (int)redirect.File.DangerousGetHandle() : outputWrite;
            var input = redirect is { IsTerminal: true } ? standardOutput : command.InputFile is { } file ? (int)file.DangerousGetHandle() : inputRead;
            var standard = new StandardDescriptors(keepsInput && command.Input.Length == 0 ? 0 : input, standardOutput, redirect is { WithErrors: true } ? standardOutput : errorWrite);
            var (pid, process) = command.Starter is { } starter ? (0, StartBy(starter, standard)) : Spawn(command, path, ownGroup ? SpawnPlace.OwnGroup : SpawnPlace.OurGroup, standard);
            return new ChildProcess(
                command, pid, process, ownGroup, inputWrite, OutputPipe.For(output, OutputKind.Output, outputRead), OutputPipe.For(output, OutputKind.Error, errorRead));
        }
        catch
        {
            Close(inputWrite);
            Close(outputRead);
            Close(errorRead);
            throw;
        }
        finally
        {
            Close(inputRead);
            Close(outputWrite);
            Close(errorWrite);
        }
    }

    /// <summary>Callable from any thread, any number of times.</summary>
    public void RequestStop()
    {
        stopRequested = true;
        wake.Set();
    }

    /// <summary>Returns when the program has ended and its output is read.</summary>
    public (ProcessResult Result, bool TimedOut) Wait()
    {
        var buffer = stackalloc byte[BufferSize];
        var timedOut = false;
        long? askedToStop = null;
        var killed = false;
        while (exit is null)
        {
            Poll(buffer, NextTimeout(askedToStop, killed));
            timedOut |= !stopRequested && command.Timeout != Timeout.InfiniteTimeSpan && Stopwatch.GetElapsedTime(started) > command.Timeout;
            if (exit is null && (stopRequested || timedOut))
            {
                if (askedToStop is null)
                {
                    askedToStop = Stopwatch.GetTimestamp();
                    Signal(NativeMethods.SIGINT);
                }
                else if (!killed && Stopwatch.GetElapsedTime(askedToStop.Value) >= command.Grace)
                {
                    killed = true;
                    Signal(NativeMethods.SIGKILL);
                }
            }
        }

        for (var end = Stopwatch.GetTimestamp(); (output.IsOpen || error.IsOpen) && Stopwatch.GetElapsedTime(end) < DrainTime;)
        {
            Poll(buffer, Remaining(end, DrainTime));
        }

        return (new ProcessResult(exit.Value, output.Finish(), error.Finish()), timedOut);
    }

    public void Dispose()
    {
        Close(processDescriptor);
        wake.Dispose();
        Close(inputDescriptor);
        output.Dispose();
        error.Dispose();
    }

    private static (int Pid, int Descriptor) Spawn(CommandLine command, string path, SpawnPlace place, StandardDescriptors standard)
    {
        var spawn = () => Spawner.Spawn(command, path, place, standard);
        var pid = command.HiddenMounts.IsEmpty ? spawn() : MountNamespace.Without(command.HiddenMounts, spawn);
        command.Started?.Invoke(pid);
        return (pid, NativeMethods.OpenProcess(pid));
    }

    private static int StartBy(IProcessStarter starter, StandardDescriptors standard)
    {
        using var nothing = standard.Input < 0 ? File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Read, FileShare.ReadWrite) : null;
        var input = nothing is null ? standard.Input : (int)nothing.DangerousGetHandle();
        return standard.Output >= 0 ? starter.Start(input, standard.Output, standard.Error) : starter.Start(input, 1, 2);
    }

    private static (int Read, int Write) Pipe()
    {
        var ends = stackalloc int[2];
        return NativeMethods.pipe2(ends, NativeMethods.O_CLOEXEC) == 0 ? (ends[0], ends[1]) : throw Errno.LastException("pipe");
    }

    private static void Close(int descriptor)
    {
        if (descriptor >= 0)
        {
            _ = NativeMethods.close(descriptor);
        }
    }

    /// <summary>Waits for the next event and handles it.</summary>
    private void Poll(byte* buffer, int milliseconds)
    {
        var descriptors = stackalloc NativeMethods.PollDescriptor[5];
        descriptors[0] = new() { Descriptor = wake.Descriptor, Events = NativeMethods.POLLIN };
        descriptors[1] = new() { Descriptor = output.Descriptor, Events = NativeMethods.POLLIN };
        descriptors[2] = new() { Descriptor = error.Descriptor, Events = NativeMethods.POLLIN };
        descriptors[3] = new() { Descriptor = processDescriptor, Events = NativeMethods.POLLIN };
        descriptors[4] = new() { Descriptor = inputDescriptor, Events = NativeMethods.POLLOUT };
        if (NativeMethods.poll(descriptors, 5, milliseconds) < 0 && Errno.Last != Errno.EINTR)
        {
            throw Errno.LastException("poll");
        }

        if (descriptors[0].Returned != 0)
        {
            wake.Clear(buffer, BufferSize);
        }

        if (descriptors[1].Returned != 0)
        {
            output.Read(buffer, BufferSize);
        }

        if (descriptors[2].Returned != 0)
        {
            error.Read(buffer, BufferSize);
        }

        if (descriptors[4].Returned != 0)
        {
            Feed();
        }

        if (exit is null && (descriptors[3].Returned != 0 || processDescriptor < 0))
        {
            TryReap();
        }
    }

    private void Feed()
    {
        // poll(2) promised room for PIPE_BUF bytes: writing no more never blocks.
        var rest = command.Input.Slice(inputWritten, Math.Min(PipeBuffer, command.Input.Length - inputWritten)).Span;
        fixed (byte* bytes = rest)
        {
            var count = NativeMethods.write(inputDescriptor, bytes, (nuint)rest.Length);
            if (count < 0 && Errno.Last == Errno.EINTR)
            {
                return;
            }

            // A program that closes its input early has read what it wanted.
            inputWritten += (int)Math.Max(count, 0);
            if (count < 0 || inputWritten == command.Input.Length)
            {
                Close(inputDescriptor);
                inputDescriptor = -1;
            }
        }
    }

    private int NextTimeout(long? askedToStop, bool killed)
    {
        var next = askedToStop is { } asked
            ? killed ? -1 : Remaining(asked, command.Grace)
            : command.Timeout == Timeout.InfiniteTimeSpan ? -1 : Remaining(started, command.Timeout);
        return processDescriptor >= 0 ? next : next < 0 ? PollingMilliseconds : Math.Min(next, PollingMilliseconds);
    }

    private static int Remaining(long since, TimeSpan limit) =>
        (int)Math.Clamp((limit - Stopwatch.GetElapsedTime(since)).TotalMilliseconds + 1, 0, int.MaxValue);

    private void Signal(int signal)
    {
        if (command.Starter is not null)
        {
            // It is not ours to be signalled: after the grace nobody waits for it any longer.
            exit = signal == NativeMethods.SIGKILL ? new ExitStatus(0, signal) : exit;
            return;
        }

        // Not yet reaped, so the number is still the program's own.
        if (NativeMethods.kill(ownGroup ? -pid : pid, signal) != 0)
        {
            _ = NativeMethods.kill(pid, signal);
        }
    }

    private void TryReap()
    {
        if (command.Starter is not null)
        {
            var told = 0;
            exit = NativeMethods.read(processDescriptor, (byte*)&told, sizeof(int)) == sizeof(int) ? StatusOf(told) : new ExitStatus(0, NativeMethods.SIGKILL);
            return;
        }

        var reaped = NativeMethods.waitpid(pid, out var status, NativeMethods.WNOHANG);
        if (reaped == pid)
        {
            exit = StatusOf(status);
        }
        else if (reaped < 0 && Errno.Last != Errno.EINTR)
        {
            throw Errno.LastException($"waitpid '{command.Program}'");
        }
    }

    private static ExitStatus StatusOf(int status)
    {
        var signal = status & 0x7f;
        return signal == 0 ? new ExitStatus((status >> 8) & 0xff) : new ExitStatus(0, signal);
    }
}
