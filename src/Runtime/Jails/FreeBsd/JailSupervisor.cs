using System.Net.Sockets;
using System.Text;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>
/// Stays with a jail that outlives the command that made it, as conmon does elsewhere: it is the parent of the first process, keeps its log and its exit code, lets others
/// attach, and calls us back when it has ended. A process of ours, because the system has none that does all of it: daemon(8) keeps no exit code.
/// </summary>
internal sealed class JailSupervisor : IDisposable
{
    private const int JailStartCode = 125;

    private readonly JailDirectory directory;
    private readonly IProcessRunner processes;
    private readonly SupervisionRecord record;
    private readonly SupervisedOutput output;
    private readonly ISupervisedStreams streams;
    private readonly TaskCompletionSource<bool> decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public JailSupervisor(JailDirectory directory, IProcessRunner processes)
    {
        this.directory = directory;
        this.processes = processes;
        record = SupervisionRecord.Read(directory.SupervisionFile);
        output = new SupervisedOutput(record.LogFile);
        streams = record.HasTerminal ? new SupervisedTerminal(record, output) : new SupervisedPipes(record, output);
    }

    /// <param name="held">Open files that we were given to keep until the jail has ended: no process in it may have them.</param>
    public async Task RunAsync(IReadOnlyList<int> held, CancellationToken cancellationToken)
    {
        foreach (var descriptor in held)
        {
            NativeMethods.CloseOnExec(descriptor);
        }

        using var console = SupervisorSocket.Listen(directory.ConsoleSocket, SocketType.Seqpacket);
        using var control = SupervisorSocket.Listen(directory.ControlSocket, SocketType.Stream);
        using (var ready = SupervisorSocket.TryConnect(directory.ReadySocket, SocketType.Stream))
        {
            if (ready is null)
            {
                // Who wanted us has gone.
                return;
            }
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var served = Task.WhenAll(WelcomeAsync(console, over.Token), HeedAsync(control, over.Token));
        if (!await decided.Task.WaitAsync(cancellationToken))
        {
            await over.CancelAsync();
            await served;
            return;
        }

        await RunCommandAsync(cancellationToken);
        await over.CancelAsync();
        await served;
        console.Dispose();
        control.Dispose();
        output.Dispose();

        // Before we say it to anybody: they ask for these locks first.
        foreach (var descriptor in held)
        {
            new SafeFileHandle(descriptor, ownsHandle: true).Dispose();
        }

        processes.Start(record.End);
    }

    public void Dispose()
    {
        streams.Dispose();
        output.Dispose();
    }

    private async Task RunCommandAsync(CancellationToken cancellationToken)
    {
        try
        {
            var result = await streams.DrainAsync(await processes.RunAsync(streams.Command with { Started = Begin }, streams.Output, cancellationToken));
            directory.WriteEnd(JailErrors.OfStart(result, record.Arguments[^1])?.ExitCode ?? result.Exit.ShellCode);

            // Told already, unless it was over before it had begun.
            begun.TrySetResult(SupervisorSocket.Done);
        }
        catch (KleeneException exception)
        {
            begun.TrySetResult(exception.Message);
            directory.WriteEnd(JailStartCode);
        }
    }

    private void Begin(int pid)
    {
        directory.WriteProcessId(pid);
        streams.Taken();
        begun.TrySetResult(SupervisorSocket.Done);
    }

    /// <summary>Lets those in who attach, until the jail has ended.</summary>
    private async Task WelcomeAsync(Socket console, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var client = await console.AcceptAsync(cancellationToken);
                output.Attach(client);
                streams.ReadFrom(client);
            }
        }
        catch (OperationCanceledException)
        {
            // The jail has ended, and nobody is let in any more.
        }
    }

    /// <summary>Does what it is told, one word a connection.</summary>
    private async Task HeedAsync(Socket control, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                using var connection = await control.AcceptAsync(cancellationToken);
                await ServeAsync(connection, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The jail has ended.
        }
    }

    private async Task ServeAsync(Socket connection, CancellationToken cancellationToken)
    {
        try
        {
            using var stream = new NetworkStream(connection);
            using var reader = new StreamReader(stream, leaveOpen: true);
            var answer = await AnswerAsync(await reader.ReadLineAsync(cancellationToken));
            // Also when the jail has ended by now: a short command was started all the same.
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"{answer}\n"), CancellationToken.None);
        }
        catch (IOException)
        {
            // Who asked has gone, and nobody waits for the answer.
        }
    }

    private async Task<string> AnswerAsync(string? word)
    {
        switch (word)
        {
            case not null when SupervisorSocket.TryReadSize(word) is { } size:
                streams.Resize(size);
                return SupervisorSocket.Done;
            case "start":
                decided.TrySetResult(true);
                return await begun.Task;
            case "leave":
                decided.TrySetResult(false);
                return SupervisorSocket.Done;
            case "reopen":
                output.Reopen();
                return SupervisorSocket.Done;
            default:
                return $"'{word}' is not known";
        }
    }
}
