using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Terminals;
using Calls = Kleene.Build.Runtime.Processes.NativeMethods;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>
/// A terminal of its own, whose keyboard those have who attach and whose screen goes to them and into the log. The process is started by a command of ours, which makes
/// the terminal its own and becomes it: nobody but the process itself can do the one, and posix_spawn(3) does not.
/// </summary>
internal sealed class SupervisedTerminal : ISupervisedStreams
{
    private const int StackBytes = 256 * 1024;

    /// <summary>How much of what it said last is kept for messages.</summary>
    private const int TailLimit = 1024;

    /// <summary>How long is read on when something that the process left behind holds the terminal open.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromMilliseconds(200);

    private readonly SupervisionRecord record;
    private readonly SupervisedOutput output;
    private readonly PseudoTerminal terminal = PseudoTerminal.Open();
    private readonly FileStream? keyboard;
    private readonly WakePipe ended = new();
    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] tail = [];

    public SupervisedTerminal(SupervisionRecord record, SupervisedOutput output)
    {
        this.record = record;
        this.output = output;
        keyboard = record.KeepsInput ? new FileStream(terminal.Ours, FileAccess.Write, bufferSize: 0) : null;
        record.Window?.SetOn(terminal.Ours);
        new Thread(Watch, StackBytes) { IsBackground = true, Name = "screen" }.Start();
    }

    public CommandLine Command => record.Leader;

    public ProcessOutput Output => ProcessOutput.OnTerminal(terminal.Theirs);

    public void Taken() => terminal.Theirs.Dispose();

    public void ReadFrom(Socket client)
    {
        if (keyboard is not null)
        {
            _ = SupervisorSocket.PassAsync(client, keyboard);
        }
    }

    public void Resize(WindowSize size) => size.SetOn(terminal.Ours);

    public async Task<ProcessResult> DrainAsync(ProcessResult result)
    {
        terminal.Theirs.Dispose();
        ended.Set();
        await drained.Task;
        return result with { Error = Encoding.UTF8.GetString(tail) };
    }

    public void Dispose()
    {
        // Whoever reads it has to be gone before it; how he ended is told elsewhere.
        terminal.Theirs.Dispose();
        ended.Set();
        Task.WaitAny(drained.Task);
        keyboard?.Dispose();
        terminal.Dispose();
        ended.Dispose();
    }

    private void Watch()
    {
        try
        {
            Read();
            drained.SetResult();
        }
        catch (Exception exception)
        {
            // Whatever it is belongs to who waits: an exception that leaves a thread ends the process.
            drained.SetException(exception);
        }
    }

    private unsafe void Read()
    {
        var buffer = stackalloc byte[SupervisorSocket.LargestPacket];
        var descriptors = stackalloc Calls.PollDescriptor[2];
        long? end = null;
        while (end is null || Stopwatch.GetElapsedTime(end.Value) < DrainTime)
        {
            descriptors[0] = new() { Descriptor = (int)terminal.Ours.DangerousGetHandle(), Events = Calls.POLLIN };
            descriptors[1] = new() { Descriptor = end is null ? ended.Descriptor : -1, Events = Calls.POLLIN };
            var patience = end is { } since ? (int)Math.Max(0, (DrainTime - Stopwatch.GetElapsedTime(since)).TotalMilliseconds) : -1;
            if (Calls.poll(descriptors, 2, patience) < 0 && Errno.Last != Errno.EINTR)
            {
                throw Errno.LastException("poll");
            }

            if (descriptors[1].Returned != 0)
            {
                end = Stopwatch.GetTimestamp();
            }

            if (descriptors[0].Returned != 0)
            {
                // When nobody has the other end any more Linux says EIO, FreeBSD that this was all.
                var count = Calls.read(descriptors[0].Descriptor, buffer, SupervisorSocket.LargestPacket);
                if (count > 0)
                {
                    Show(new ReadOnlySpan<byte>(buffer, (int)count));
                }
                else if (count == 0 || Errno.Last != Errno.EINTR)
                {
                    return;
                }
            }
        }
    }

    private void Show(ReadOnlySpan<byte> text)
    {
        output.Write(text);
        tail = [.. tail, .. text];
        tail = tail[^Math.Min(tail.Length, TailLimit)..];
    }
}
