using System.Net.Sockets;
using System.Text;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.FreeBsd;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;

namespace Kleene.Build.Runtime.Tests.Jails.FreeBsd;

/// <summary>The process that stays with a jail, with its real sockets; only the command in the jail is played.</summary>
public sealed class JailSupervisorTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly EchoingRunner runner = new();

    private JailDirectory Jail => JailDirectory.At(scratch.Path, "a1");

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task Who_attaches_before_the_start_writes_to_it_and_misses_nothing()
    {
        var supervising = await SuperviseAsync();
        using var console = SupervisorSocket.TryConnect(Jail.ConsoleSocket, SocketType.Seqpacket)!;
        Assert.Equal([SupervisorSocket.Welcome], Packet(console));

        Assert.Equal(SupervisorSocket.Done, await SupervisorSocket.AskAsync(Jail.ControlSocket, "start", CancellationToken.None));
        console.Send("hello\n"u8);

        Assert.Equal("\x2got hello\n", Encoding.UTF8.GetString(Packet(console)));
        Assert.Empty(Packet(console));
        await supervising;
        Assert.Equal(new JailEnd(3, OutOfMemory: false), Jail.ReadEnd());
        Assert.Equal(EchoingRunner.Number, Jail.ProcessId);
        Assert.EndsWith(" stdout F got hello\n", File.ReadAllText(scratch["log"]), StringComparison.Ordinal);
        Assert.Equal("/bin/kleene container ended a1", runner.LeftBehind);
    }

    [Fact]
    public async Task A_jail_whose_command_is_never_let_go_is_left_without_a_word()
    {
        var supervising = await SuperviseAsync();

        Assert.Equal(SupervisorSocket.Done, await SupervisorSocket.AskAsync(Jail.ControlSocket, "leave", CancellationToken.None));

        await supervising;
        Assert.Null(Jail.ReadEnd());
        Assert.Null(runner.LeftBehind);
    }

    /// <summary>Returns when it listens.</summary>
    private async Task<Task> SuperviseAsync()
    {
        Assert.True(Jail.TryCreate());
        new SupervisionRecord
        {
            Arguments = ["a1", "cat"], Environment = [], LogFile = scratch["log"], KeepsInput = true, InputOutlivesWriter = false,
            EndCommand = ["/bin/kleene", "container", "ended", "a1"], EndEnvironment = [],
        }.Write(Jail.SupervisionFile);
        using var ready = SupervisorSocket.Listen(Jail.ReadySocket, SocketType.Stream);
        var supervising = Task.Run(async () =>
        {
            using var supervisor = new JailSupervisor(Jail, runner);
            await supervisor.RunAsync(held: [], CancellationToken.None);
        });
        using var connection = await ready.AcceptAsync();
        return supervising;
    }

    private static byte[] Packet(Socket console)
    {
        var buffer = new byte[100];
        return buffer[..console.Receive(buffer)];
    }

    /// <summary>Plays a command that reads a line, says it and ends with 3.</summary>
    private sealed class EchoingRunner : IProcessRunner
    {
        public const int Number = 4711;

        public string? LeftBehind { get; private set; }

        public void Start(CommandLine command) => LeftBehind = command.ToString();

        public async Task<ProcessResult> RunAsync(CommandLine command, ProcessOutput output, CancellationToken cancellationToken)
        {
            // A program has its own open file of what it is given.
            using var input = new StreamReader(new FileStream($"/proc/self/fd/{command.InputFile!.DangerousGetHandle()}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0));
            command.Started!(Number);
            var line = await Task.Run(input.ReadLine, cancellationToken);
            ((ProcessOutput.Forward)output).Sink.WriteLine(OutputKind.Output, $"got {line}");
            return new ProcessResult(new ExitStatus(3), "", "");
        }
    }
}
