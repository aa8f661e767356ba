using System.Net.Sockets;
using System.Text;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.FreeBsd;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Terminals;
using Kleene.Build.Testing;

namespace Kleene.Build.Runtime.Tests.Jails.FreeBsd;

/// <summary>The process that stays with a jail that has a terminal: a real one, with a real shell on it. Only that the shell is in a jail is played.</summary>
public sealed class SupervisedTerminalTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();

    private JailDirectory Jail => JailDirectory.At(scratch.Path, "a1");

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task A_command_asks_and_is_answered_in_the_middle_of_a_line()
    {
        var supervising = await SuperviseAsync("""stty size; printf 'name? '; read name; echo "hello $name"; exit 3""", new WindowSize(30, 100));
        using var console = Attach();
        await StartAsync();

        await ReadUntilAsync(console, "30 100\r\nname? ");
        console.Send("ann\r"u8);
        await ReadUntilAsync(console, "ann\r\nhello ann\r\n");

        Assert.Equal(0, await console.ReceiveAsync(new byte[100]));
        await supervising;
        Assert.Equal(new JailEnd(3, OutOfMemory: false), Jail.ReadEnd());
        Assert.Equal(["30 100", "name? ann", "hello ann"], LoggedLines());
    }

    [Fact]
    public async Task A_command_learns_of_a_new_size()
    {
        var supervising = await SuperviseAsync("trap 'stty size; kill $!; exit' WINCH; sleep 1000 > /dev/null & echo ready; wait");
        using var console = Attach();
        await StartAsync();
        await ReadUntilAsync(console, "ready");

        Assert.Equal(SupervisorSocket.Done, await AskAsync(SupervisorSocket.Resize(new WindowSize(11, 222))));

        await ReadUntilAsync(console, "11 222");
        await supervising;
    }

    [Fact]
    public async Task What_is_typed_to_interrupt_reaches_the_command()
    {
        var supervising = await SuperviseAsync("trap 'echo stopped; kill $!; exit 5' INT; sleep 1000 > /dev/null & echo ready; wait");
        using var console = Attach();
        await StartAsync();
        await ReadUntilAsync(console, "ready");

        console.Send([3]);

        await ReadUntilAsync(console, "stopped");
        await supervising;
        Assert.Equal(new JailEnd(5, OutOfMemory: false), Jail.ReadEnd());
    }

    [Fact]
    public async Task A_command_goes_on_while_nobody_is_attached_and_knows_who_comes_back()
    {
        var supervising = await SuperviseAsync("""while read word; do echo "<$word>"; [ "$word" = bye ] && exit; done""");
        using (var first = Attach())
        {
            await StartAsync();
            first.Send("one\r"u8);
            await ReadUntilAsync(first, "<one>");
        }

        using var second = Attach();
        second.Send("two\rbye\r"u8);

        await ReadUntilAsync(second, "<bye>");
        await supervising;
        Assert.Equal(["one", "<one>"], LoggedLines().Take(2));
        Assert.Contains("<two>", LoggedLines());
    }

    [Fact]
    public async Task Nobody_types_into_a_command_that_has_no_input()
    {
        var supervising = await SuperviseAsync("trap 'kill $!; exit' WINCH; sleep 1000 > /dev/null & echo ready; wait", keepsInput: false);
        using var console = Attach();
        await StartAsync();
        await ReadUntilAsync(console, "ready\r\n");

        console.Send("typed\r"u8);
        await AskAsync(SupervisorSocket.Resize(new WindowSize(1, 1)));

        // A terminal would show what is typed on it. That nobody has read it is told at the end, too.
        var packet = new byte[100];
        var end = await Record.ExceptionAsync(async () => Assert.Equal(0, await console.ReceiveAsync(packet)));
        Assert.True(end is null or SocketException { SocketErrorCode: SocketError.ConnectionReset }, end?.ToString());
        await supervising;
        Assert.Equal(["ready"], LoggedLines());
    }

    [Fact]
    public async Task What_a_command_leaves_behind_on_its_terminal_is_not_waited_for()
    {
        var supervising = await SuperviseAsync("setsid sleep 1000 & echo left $! behind");
        using var console = Attach();
        await StartAsync();

        var left = (await ReadUntilAsync(console, " behind")).Split(' ')[1];

        await supervising;
        await new ProcessRunner().RunToolAsync(CommandLine.Of("kill", left), CancellationToken.None);
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_told_from_one_that_fails()
    {
        var supervising = await SuperviseAsync("echo 'jexec: execvp: httpd: No such file or directory'; exit 1");
        await StartAsync();

        await supervising;

        Assert.Equal(new JailEnd(127, OutOfMemory: false), Jail.ReadEnd());
    }

    /// <summary>Returns when it listens.</summary>
    private async Task<Task> SuperviseAsync(string script, WindowSize? window = null, bool keepsInput = true)
    {
        Assert.True(Jail.TryCreate());
        new SupervisionRecord
        {
            Arguments = ["a1", "httpd"], Environment = [], LogFile = scratch["log"], KeepsInput = keepsInput, InputOutlivesWriter = true, Window = window,

            // As our own command does it: a session of its own, whose terminal this is.
            LeadCommand = ["setsid", "--ctty", "sh", "-c", script],
            EndCommand = ["true"], EndEnvironment = CommandLine.ToolEnvironment,
        }.Write(Jail.SupervisionFile);
        using var ready = SupervisorSocket.Listen(Jail.ReadySocket, SocketType.Stream);
        var supervising = Task.Run(async () =>
        {
            using var supervisor = new JailSupervisor(Jail, new ProcessRunner());
            await supervisor.RunAsync(held: [], CancellationToken.None);
        });
        using var connection = await ready.AcceptAsync();
        return supervising;
    }

    private async Task StartAsync() => Assert.Equal(SupervisorSocket.Done, await AskAsync("start"));

    private Task<string?> AskAsync(string word) => SupervisorSocket.AskAsync(Jail.ControlSocket, word, CancellationToken.None);

    private Socket Attach() => SupervisorSocket.TryConnect(Jail.ConsoleSocket, SocketType.Seqpacket)!;

    /// <summary>What appears until, and with, a certain text.</summary>
    private static async Task<string> ReadUntilAsync(Socket console, string text)
    {
        var seen = "";
        var packet = new byte[SupervisorSocket.LargestPacket + 1];
        while (!seen.Contains(text, StringComparison.Ordinal))
        {
            var count = await console.ReceiveAsync(packet);
            Assert.True(count > 0, $"'{text}' never came, but: {seen}");
            if (packet[0] != SupervisorSocket.Welcome)
            {
                Assert.Equal(2, packet[0]);
                seen += Encoding.UTF8.GetString(packet, 1, count - 1);
            }
        }

        return seen;
    }

    /// <summary>The lines of the log, put together of their pieces, without what a terminal needs.</summary>
    private string[] LoggedLines()
    {
        var text = new StringBuilder();
        foreach (var line in File.ReadAllLines(scratch["log"]))
        {
            var fields = line.Split(' ', 4);
            Assert.Equal("stdout", fields[1]);
            text.Append(fields[3].TrimEnd('\r')).Append(fields[2] == "F" ? "\n" : "");
        }

        return text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
