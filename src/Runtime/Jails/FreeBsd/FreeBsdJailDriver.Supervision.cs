using System.Globalization;
using System.Net.Sockets;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Terminals;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>Jails that outlive us, each with a process of ours that stays with it.</summary>
public sealed partial class FreeBsdJailDriver : ISupervisingDriver
{
    /// <summary>How long that process may take to come up.</summary>
    private static readonly TimeSpan StartTime = TimeSpan.FromMinutes(1);

    public bool NeedsSupervisorForOutOfMemory => false;

    public async Task CreateAsync(JailSpec spec, JailSupervision supervision, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (spec.Process.Terminal)
        {
            RequireTerminals();
        }

        var directory = DirectoryOf(spec.Id);
        try
        {
            var command = await MakeAsync(spec, directory, runsShutdown: true, cancellationToken);
            SupervisionRecord.Of(command, spec.Process.Terminal, supervision).Write(directory.SupervisionFile);
            await StartSupervisorAsync(directory, supervision, cancellationToken);
        }
        catch (Exception failure)
        {
            await RemoveAfterAsync(failure, spec.Id);
            throw;
        }
    }

    public async Task StartAsync(string jailId, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await SupervisorSocket.AskAsync(DirectoryOf(jailId).ControlSocket, "start", cancellationToken) ?? "what supervises it has gone";
            if (answer != SupervisorSocket.Done)
            {
                throw new JailStartException(JailStartFailure.Jail, $"'{jailId}' could not be started: {answer}");
            }
        }
        catch (Exception failure)
        {
            await RemoveAfterAsync(failure, jailId);
            throw;
        }
    }

    public IJailConsole Attach(string jailId) => SupervisorConsole.Connect(DirectoryOf(jailId));

    public void ReopenLog(string jailId) => SupervisorSocket.Tell(DirectoryOf(jailId).ControlSocket, "reopen");

    public JailEnd? EndOf(string jailId) => DirectoryOf(jailId).ReadEnd();

    public async Task SuperviseAsync(string jailId, IReadOnlyList<int> held, CancellationToken cancellationToken)
    {
        using var supervisor = new JailSupervisor(DirectoryOf(jailId), processes);
        await supervisor.RunAsync(held, cancellationToken);
    }

    public void Lead(string jailId)
    {
        var record = SupervisionRecord.Read(DirectoryOf(jailId).SupervisionFile);
        try
        {
            SessionLeader.Become(record.Command);
        }
        catch (IOException exception)
        {
            throw new JailStartException(JailStartFailure.Jail, $"'{jailId}' could not be given a terminal: {exception.Message}", exception);
        }
    }

    /// <summary>Asked here, where there is somebody to tell.</summary>
    private static void RequireTerminals()
    {
        try
        {
            PseudoTerminal.Open().Dispose();
        }
        catch (IOException exception)
        {
            throw new JailStartException(
                JailStartFailure.Jail, $"this system gives no terminal: {exception.Message}; under the Linux ABI there are some when pty(4) is loaded, as by 'kldload pty'", exception);
        }
    }

    private async Task StartSupervisorAsync(JailDirectory directory, JailSupervision supervision, CancellationToken cancellationToken)
    {
        using var ready = SupervisorSocket.Listen(directory.ReadySocket, SocketType.Stream);
        var words = supervision.SuperviseCommand;
        processes.Start(new CommandLine(
            words[0], [.. words[1..], .. supervision.Held.Select(file => file.DangerousGetHandle().ToString(CultureInfo.InvariantCulture))])
        {
            Environment = supervision.Environment,
            InheritedFiles = supervision.Held,
        });
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(StartTime);
        try
        {
            using var connection = await ready.AcceptAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new JailStartException(JailStartFailure.Jail, $"what is to supervise '{directory.Id}' did not come up within {StartTime.TotalSeconds} s");
        }

        File.Delete(directory.ReadySocket);
    }
}
