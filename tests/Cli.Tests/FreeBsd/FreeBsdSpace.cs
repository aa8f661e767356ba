using System.Diagnostics;
using System.Text.RegularExpressions;
using Kleene.Build.Cli.Output;
using Kleene.Build.Testing;
using Kleene.Build.Testing.FreeBsd;

namespace Kleene.Build.Cli.Tests.FreeBsd;

/// <summary>The whole program, put together with FreeBSD's drivers over a machine that is played. Each command runs as in a process of its own.</summary>
public sealed partial class FreeBsdSpace : IAsyncDisposable
{
    /// <summary>Of tests that run one after another: all stores of a machine wait for each other before they change rules.</summary>
    public const string Collection = "FreeBSD";

    private readonly ScratchDirectory scratch = new();

    public FreeBsdSpace()
    {
        Directory.CreateDirectory(StateRoot, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Machine = new FreeBsdMachine(scratch["disk"], StateRoot) { OwnCommands = words => InvokeAsync(words, new StringWriter(), new StringWriter()) };
    }

    public FreeBsdMachine Machine { get; }

    private Machine Played => new(IsFreeBsd: true, _ => Machine);

    public string StateRoot => scratch["state"];

    public string this[string relative] => scratch[relative];

    public string Context(string kleenefile, string name = "context")
    {
        scratch.Write($"{name}/Kleenefile", kleenefile);
        return scratch[name];
    }

    public void Write(string relative, string content) => scratch.Write(relative, content);

    /// <summary>Makes the image <c>base</c>, which has a shell and wants to be shut down, and forgets how.</summary>
    public async Task<FreeBsdSpace> WithBaseAsync()
    {
        scratch.Write("base/etc/rc.shutdown", "echo bye\n");
        scratch.Write("base/etc/passwd", "root:*:0:0:Charlie &:/root:/bin/sh\nweb:*:1000:1001:Web:/srv/web:/bin/sh\n");
        scratch.Write("base/etc/group", "wheel:*:0:root\noperator:*:5:root\nwww:*:1001:\nlogs:*:1002:web\n");
        foreach (var program in (string[])["sh", "httpd", "make", "touch"])
        {
            // Nobody runs them here; that they could be run is looked at.
            scratch.Write($"base/bin/{program}", "#!/bin/sh\n");
            File.SetUnixFileMode(scratch[$"base/bin/{program}"], (UnixFileMode)0x1ed);
        }

        await SucceedAsync("image", "create", "-t", "base", "dir", scratch["base"]);
        Machine.Clear();
        return this;
    }

    /// <summary>Runs a command, and notes it in the transcript.</summary>
    public async Task<(int Code, string Output, string Error)> RunAsync(params string[] words)
    {
        Machine.Note($"\n# kleene {string.Join(' ', words)}");
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await InvokeAsync(words, output, error);
        return (code, output.ToString(), error.ToString());
    }

    public async Task<string> SucceedAsync(params string[] words)
    {
        var (code, output, error) = await RunAsync(words);
        Assert.True(code == 0, $"kleene {string.Join(' ', words)}: {code}\n{output}\n{error}\n{Machine.Transcript}");
        return output;
    }

    public async Task<string> FailAsync(int expected, params string[] words)
    {
        var (code, output, error) = await RunAsync(words);
        Assert.True(code == expected, $"kleene {string.Join(' ', words)}: {code} instead of {expected}\n{output}\n{error}\n{Machine.Transcript}");
        return error;
    }

    /// <summary>What has changed the machine, with ids and paths that are the same in every run.</summary>
    public string Transcript() => RulesFirst(string.Join('\n', Stable(Machine.Transcript).Split('\n').Select(line => line.StartsWith("$ ", StringComparison.Ordinal) ? NeedlessQuotes().Replace(line, "$1") : line)));

    public string Stable(string text)
    {
        text = text.Replace(StateRoot, "/var/lib/kleene", StringComparison.Ordinal).Replace(scratch.Path, "/home/ann", StringComparison.Ordinal);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        return Id().Replace(text, match => names.TryGetValue(match.Value, out var name) ? name : names[match.Value] = Name(names.Count));
    }

    /// <summary>What is amiss between the store and the disk.</summary>
    public async Task<List<string>> CheckStoreAsync()
    {
        using var kleene = await Composition.OpenAsync(Played, StateRoot, "zfs:tank/kleene", commandEnded: null, CancellationToken.None);
        var findings = new List<string>();
        await foreach (var finding in kleene.Check.RunAsync(CancellationToken.None))
        {
            findings.Add(finding.Text);
        }

        return findings;
    }

    public async ValueTask DisposeAsync()
    {
        Machine.Restart();
        await Machine.SettleAsync();
        scratch.Dispose();
    }

    /// <summary>Rules and interfaces are changed at the same time: here, the rules come first.</summary>
    private static string RulesFirst(string transcript)
    {
        var blocks = BlockStart().Split(transcript).ToList();
        for (var i = 1; i < blocks.Count; i++)
        {
            for (var at = i; at > 0 && blocks[at].StartsWith("$ /sbin/pfctl", StringComparison.Ordinal) && NetworkCommand().IsMatch(blocks[at - 1]); at--)
            {
                (blocks[at - 1], blocks[at]) = (blocks[at], blocks[at - 1]);
            }
        }

        return string.Concat(blocks);
    }

    /// <summary>Twelve digits, as ids have, of one letter.</summary>
    private static string Name(int number) => $"{new string((char)('a' + (number % 6)), 11)}{number / 6:x}";

    private async Task<int> InvokeAsync(string[] words, TextWriter output, TextWriter error)
    {
        using var terminal = new Terminal(output, error);
        using var signals = new InterruptSignals();
        return await new CommandLineApplication(Played, terminal, signals).RunAsync("kleene", ["--root", StateRoot, "--storage", "zfs:tank/kleene", .. words], Stopwatch.GetTimestamp());
    }

    [GeneratedRegex(@"(?<=\n)(?=\$ |\n|#)")]
    private static partial Regex BlockStart();

    [GeneratedRegex(@"\A\$ (/sbin/ifconfig|/sbin/sysctl|/usr/sbin/jail -c name=ks|/usr/sbin/jail -r ks|/usr/sbin/jexec ks\w+ /sbin/)")]
    private static partial Regex NetworkCommand();

    /// <summary>They were for the blank in the name of the scratch directory.</summary>
    [GeneratedRegex("'([-A-Za-z0-9_./=@:,]+)'")]
    private static partial Regex NeedlessQuotes();

    [GeneratedRegex("(?<=\\bkb)[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])")]
    private static partial Regex Id();
}
