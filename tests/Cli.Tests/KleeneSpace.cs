using Kleene.Build.Runtime.Jails.Linux;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>A state directory of a test's own and the real executable to work on it.</summary>
public sealed class KleeneSpace : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly string[] Variables = ["KLEENE_RUNTIME", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

    private readonly ScratchDirectory scratch = new();
    private readonly ProcessRunner runner = new();

    /// <summary>The published binary when scripts/test named one, else the build beside the tests.</summary>
    public static string Binary { get; } =
        Environment.GetEnvironmentVariable("KLEENE_BINARY") is { Length: > 0 } named ? named : Path.Join(AppContext.BaseDirectory, "kleene");

    /// <summary>The folder of the project's files.</summary>
    public static string Repository { get; } = FindRepository();

    public string Root { get; init; } = "";

    public string StateRoot => Root.Length > 0 ? Root : scratch["state"];

    /// <summary>Where the bundles of its jails are, in memory as a rule.</summary>
    public string JailDirectory => JailStateDirectory.For(StateRoot);

    public string Storage { get; init; } = "overlay";

    public string this[string relative] => scratch[relative];

    /// <summary>Writes a file, with the directories above it.</summary>
    public string Write(string relative, string content) => scratch.Write(relative, content);

    public string MakeDirectory(string relative) => scratch.MakeDirectory(relative);

    /// <summary>Runs a line of shell in the folder that the context and the state are in.</summary>
    public string Shell(string script) => scratch.Shell(script);

    /// <summary>A context of one Kleenefile.</summary>
    public string Context(string kleenefile, string name = "context")
    {
        Write($"{name}/Kleenefile", kleenefile);
        return scratch[name];
    }

    /// <summary>Makes the image <c>busybox</c>.</summary>
    public async Task<KleeneSpace> WithBusyboxAsync()
    {
        var tree = new BusyboxTree();
        try
        {
            await SucceedAsync("image", "create", "-t", "busybox", "dir", tree.Root);
            return this;
        }
        finally
        {
            await tree.DisposeAsync();
        }
    }

    public CommandLine Command(params ReadOnlySpan<string> arguments) => new(Binary, ["--root", StateRoot, "--storage", Storage, .. arguments])
    {
        Timeout = Patience,
        Environment =
        [
            .. CommandLine.ToolEnvironment,
            .. Variables.Where(name => Environment.GetEnvironmentVariable(name) is not null).Select(name => $"{name}={Environment.GetEnvironmentVariable(name)}"),
        ],
    };

    public Task<ProcessResult> RunAsync(params ReadOnlySpan<string> arguments) => RunAsync(Command(arguments));

    public Task<ProcessResult> RunAsync(CommandLine command, CancellationToken cancellationToken = default) =>
        runner.RunAsync(command, ProcessOutput.Captured, cancellationToken);

    /// <summary>Runs what has to work, and returns what it printed.</summary>
    public async Task<string> SucceedAsync(params string[] arguments)
    {
        var result = await RunAsync(arguments);
        Assert.True(result.Exit.Success, $"kleene {string.Join(' ', arguments)}: {result.Exit}\n{result.Error}");
        return result.Output;
    }

    /// <summary>Runs what has to fail in a certain way, and returns what it said.</summary>
    public async Task<string> FailAsync(int code, params string[] arguments)
    {
        var result = await RunAsync(arguments);
        Assert.True(result.Exit.ShellCode == code, $"kleene {string.Join(' ', arguments)}: {result.Exit} instead of {code}\n{result.Error}");
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        return result.Error;
    }

    /// <summary>A build as a person would see it in a log.</summary>
    public async Task<string> BuildAsync(string context, string name, params string[] options)
    {
        var result = await RunAsync(["build", "--progress", "plain", "-t", name, .. options, context]);
        Assert.True(result.Exit.Success, $"kleene build: {result.Exit}\n{result.Error}");
        return result.Error;
    }

    /// <summary>Sends a signal to a build as soon as its output says that it is somewhere.</summary>
    public Task<ProcessResult> SignalledAsync(string context, string signal, string after, params string[] options) =>
        SignalledWhenAsync(context, signal, $"grep -qx {after} '{this["log"]}' 2> /dev/null", options);

    /// <summary>Sends a signal to a build as soon as a condition of the shell holds.</summary>
    public async Task<ProcessResult> SignalledWhenAsync(string context, string signal, string condition, params string[] options)
    {
        var log = this["log"];
        var build = Command(["build", "--progress", "plain", "-t", "app", .. options, context]);
        // Job control, because a shell lets what it starts in the background ignore SIGINT otherwise.
        var script = $"set -m; {build} 2> '{log}' & pid=$!; until {condition}; do sleep 0.02; done; kill -{signal} $pid; wait $pid; code=$?; cat '{log}' >&2; exit $code";
        return await RunAsync(CommandLine.Of("bash", "-c", script));
    }

    /// <summary>Asks again until it is so. The thing waited for is in another process, which has no other way to tell.</summary>
    public static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!await holds())
        {
            await Task.Delay(50, deadline.Token);
        }
    }

    /// <summary>
    /// A machine whose power was cut and came back: neither processes nor mounts nor what was kept in memory, and another number of the boot.
    /// </summary>
    public async Task RestartMachineAsync()
    {
        foreach (var id in (await SucceedAsync("ps", "-q")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Shell($"""
                kill -9 $(cat '{JailDirectory}/bundles/{id}/conmon.pid'); kill -9 $(cat '{JailDirectory}/bundles/{id}/pid')
                while kill -0 $(cat '{JailDirectory}/bundles/{id}/pid') 2> gone; do sleep 0.01; done
                """);
        }

        foreach (var mount in Mounts().Select(line => line.Split(' ')[4].Replace("\\040", " ", StringComparison.Ordinal)).Reverse().ToList())
        {
            Shell($"umount -l '{mount}'");
        }

        Shell($"awk '{{ print $5 }}' /proc/self/mountinfo | grep -F '{JailDirectory}/' | sort -r | while read -r mount; do umount -l \"$mount\"; done");
        Directory.Delete(JailDirectory, recursive: true);
        Shell($"python3 -c \"import sqlite3; d = sqlite3.connect('{StateRoot}/kleene.db'); d.execute(\\\"UPDATE facts SET value = 'an earlier boot' WHERE name IN ('boot', 'swept')\\\"); d.commit()\"");
    }

    /// <summary>What is mounted below the state directory.</summary>
    public IEnumerable<string> Mounts() => MountsBelow(StateRoot);

    /// <summary>That nothing is mounted, running or half made, and the store opens.</summary>
    public async Task AssertCleanAsync()
    {
        await SucceedAsync("ps", "-q");
        Assert.Empty(Mounts());
        using var database = new StateReader(StateRoot);
        Assert.Equal(0, database.Count("workspaces"));
        Assert.Equal(database.Count("snapshots"), Directory.GetFileSystemEntries(Path.Join(StateRoot, "overlay")).Length - database.Count("containers") - database.Count("volumes"));
    }

    public void Dispose()
    {
        // What a supervisor calls at the end of a container may still be writing.
        scratch.Shell($"for i in $(seq 200); do pgrep -f -- '[-]-root {StateRoot} .*container ended' > /dev/null || break; sleep 0.05; done");
        foreach (var mount in Mounts().Concat(MountsBelow(JailDirectory)).Select(line => line.Split(' ')[4]).Reverse())
        {
            runner.RunAsync(CommandLine.Of("umount", "-l", mount.Replace("\\040", " ", StringComparison.Ordinal)), ProcessOutput.Captured, CancellationToken.None).Wait();
        }

        Directory.Delete(JailDirectory, recursive: true);
        scratch.Dispose();
    }

    private static IEnumerable<string> MountsBelow(string directory) =>
        File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(directory.Replace(" ", "\\040", StringComparison.Ordinal), StringComparison.Ordinal));

    private static string FindRepository()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Join(directory, "Kleene.Build.sln")))
        {
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("the tests do not run inside the project");
        }

        return directory;
    }
}
