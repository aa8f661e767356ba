using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Approvals;

namespace Kleene.Build.Cli.Tests.FreeBsd;

/// <summary>A terminal for a container that lives on.</summary>
[Collection(FreeBsdSpace.Collection)]
public sealed class FreeBsdTerminalTests
{
    private const string Id = "a1b2c3d4e5f6";

    [RootFact]
    public async Task A_container_with_a_terminal_gives_the_approved_commands()
    {
        await using var space = await new FreeBsdSpace().WithBaseAsync();
        var asks = new TaskCompletionSource();
        space.Machine.On("httpd", async inmate =>
        {
            inmate.Print(OutputKind.Output, "listening");
            asks.SetResult();
            return await inmate.Killed;
        });

        await space.SucceedAsync("run", "-d", "-i", "-t", "--name", "web", "-l", "host", "base", "httpd");
        await asks.Task;
        await space.SucceedAsync("stop", "web");
        await space.Machine.SettleAsync();

        // A terminal ends its lines as terminals do.
        Assert.EndsWith(" stdout F listening\r\n", File.ReadAllText(Directory.GetFiles(space["state/containers"], "log", SearchOption.AllDirectories).Single()), StringComparison.Ordinal);
        await space.SucceedAsync("rm", "web");
        Assert.Empty(space.Machine.Remains);
        Approved.Matches(space.Transcript(), Beside("terminal.approved.txt"));
    }

    /// <summary>The executable itself, as supervisor and as what becomes the command. Only jexec is another one: it leaves out the jail.</summary>
    [RootFact]
    public async Task A_command_leads_a_session_on_a_terminal_that_outlives_who_started_it()
    {
        using var space = new KleeneSpace();
        var tools = space.MakeDirectory("sbin");
        File.SetUnixFileMode(space.Write("sbin/jexec", "#!/bin/sh\nshift\nexec \"$@\"\n"), (UnixFileMode)0x1ed);
        var jail = Path.Join(space.StateRoot, "jails", Id);
        Directory.CreateDirectory(jail);
        File.SetUnixFileMode(space.StateRoot, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        const string Script = """[ "$(cut -d' ' -f6 /proc/$$/stat)" = $$ ] && echo leads; stty size; grep SigIgn /proc/$$/status; echo "$GREETING"; read word; echo "<$word>"; exit 3""";
        Describe(space, jail, ["sh", "-c", Script]);
        using var ready = Listen(Path.Join(jail, "ready"));

        var supervising = space.RunAsync(CommandLine.Of(
            "unshare", ["-m", "sh", "-c", $"mount -t overlay -o lowerdir='{tools}':/usr/sbin overlay /usr/sbin && exec \"$@\"", "sh", KleeneSpace.Binary, "--root", space.StateRoot, "container", "supervise", Id])
            with { Environment = OnFreeBsd });
        var listening = ready.AcceptAsync();
        Assert.True(await Task.WhenAny(listening, supervising) == listening, supervising.IsCompleted ? (await supervising).Error : "");
        (await listening).Dispose();

        using (var first = Connect(Path.Join(jail, "attach"), SocketType.Seqpacket))
        {
            Assert.Equal("done", Ask(jail, "start"));
            var seen = await ReadUntilAsync(first, "hello from the image\r\n");
            Assert.Contains("leads\r\n24 80\r\n", seen, StringComparison.Ordinal);

            // Of those that have a name (signal(7)).
            Assert.Matches("SigIgn:\\s[0-9a-f]*0000000\r\n", seen);
        }

        using var second = Connect(Path.Join(jail, "attach"), SocketType.Seqpacket);
        second.Send("back\r"u8);
        await ReadUntilAsync(second, "<back>\r\n");

        Assert.True((await supervising).Exit.Success);
        Assert.Equal("3", File.ReadAllText(Path.Join(jail, "exit")));
    }

    private static System.Collections.Immutable.ImmutableArray<string> OnFreeBsd => [.. CommandLine.ToolEnvironment, "KLEENE_PLATFORM=freebsd"];

    /// <summary>What a supervisor is told, in the words of its file.</summary>
    private static void Describe(KleeneSpace space, string jail, string[] command) => File.WriteAllText(
        Path.Join(jail, "supervision.json"),
        $$"""
        {
          "Arguments": {{Json([Id, .. command])}},
          "Environment": {{Json(["PATH=/usr/bin:/bin", "GREETING=hello from the image"])}},
          "LeadCommand": {{Json([KleeneSpace.Binary, "--root", space.StateRoot, "container", "lead", Id])}},
          "Window": { "Rows": 24, "Columns": 80 },
          "LogFile": {{JsonSerializer.Serialize(space["log"])}},
          "KeepsInput": true,
          "InputOutlivesWriter": true,
          "EndCommand": ["/bin/true"],
          "EndEnvironment": {{Json([.. OnFreeBsd])}}
        }
        """);

    private static string Json(string[] words) => JsonSerializer.Serialize(words);

    private static Socket Listen(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen();
        return socket;
    }

    private static Socket Connect(string path, SocketType type)
    {
        var socket = new Socket(AddressFamily.Unix, type, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    private static string? Ask(string jail, string word)
    {
        using var stream = new NetworkStream(Connect(Path.Join(jail, "control"), SocketType.Stream), ownsSocket: true);
        stream.Write(Encoding.UTF8.GetBytes($"{word}\n"));
        using var reader = new StreamReader(stream);
        return reader.ReadLine();
    }

    /// <summary>What appears until, and with, a certain text. The first packet only says that nothing is missed from now on.</summary>
    private static async Task<string> ReadUntilAsync(Socket console, string text)
    {
        var seen = "";
        var packet = new byte[10_000];
        while (!seen.Contains(text, StringComparison.Ordinal))
        {
            var count = await console.ReceiveAsync(packet);
            Assert.True(count > 0, $"'{text}' never came, but: {seen}");
            seen += Encoding.UTF8.GetString(packet, 1, count - 1);
        }

        return seen;
    }

    private static string Beside(string name, [CallerFilePath] string path = "") => Path.Join(Path.GetDirectoryName(path), "testdata", name);
}
