using System.Globalization;
using System.Threading.Channels;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary><c>kleene build --watch</c>, on real files and with real containers.</summary>
public sealed class WatchTests : IAsyncLifetime, IDisposable
{
    private const string Kleenefile = "FROM busybox\nCOPY app.txt *.conf /srv/\nRUN true\nCMD [\"sh\", \"-c\", \"cat /srv/*; exec sleep 1000\"]\n";

    private readonly KleeneSpace space = new();

    public async Task InitializeAsync()
    {
        await space.WithBusyboxAsync();
        space.Context(Kleenefile);
        space.Write("context/app.txt", "one\n");
        space.Write("context/.kleeneignore", "secret.conf\n");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_saved_file_becomes_a_new_container_in_the_place_of_the_old_one()
    {
        await using var watch = await WatchAsync("--run", "--network", "none", "--name", "app");
        await watch.SaysAsync("one");
        Assert.Contains("'app' runs", await watch.LineAsync(), StringComparison.Ordinal);

        // As vim saves: the old file is moved away, and a new one written in its place.
        File.Move(space["context/app.txt"], space["context/app.txt~"]);
        space.Write("context/app.txt", "two\n");
        File.Delete(space["context/app.txt~"]);

        var line = await watch.LineAsync();
        Assert.Matches(@"^\d\d:\d\d:\d\d app\.txt changed: 2 of 2 steps ran, image [0-9a-f]{12}; 'app' runs in the place of the old one; \d+ ms$", line);
        await watch.SaysAsync("two");

        // As others save: another file takes its place.
        space.Write("context/.app.swp", "three\n");
        File.Move(space["context/.app.swp"], space["context/app.txt"], overwrite: true);
        Assert.Contains("'app' runs in the place of the old one", await watch.LineAsync(), StringComparison.Ordinal);
        await watch.SaysAsync("three");

        Assert.Equal(130, await watch.InterruptAsync());
        Assert.Equal("", await space.SucceedAsync("ps", "-aq"));
    }

    [JailFact]
    public async Task A_new_file_that_a_pattern_takes_is_built_and_one_that_is_ignored_is_not()
    {
        await using var watch = await WatchAsync();
        Assert.Contains("begin: 2 of 2 steps ran", await watch.LineAsync(), StringComparison.Ordinal);

        space.Write("context/secret.conf", "x");
        space.Write("context/other", "x");
        space.Write("context/new.conf", "x");

        Assert.Contains(" new.conf changed: 2 of 2 steps ran", await watch.LineAsync(), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_kleenefile_with_errors_is_told_and_waited_for_while_the_container_goes_on()
    {
        await using var watch = await WatchAsync("--run", "--network", "none");
        var name = Name(await watch.LineAsync());

        space.Write("context/Kleenefile", "FROM busybox\nRUNN true\n");
        Assert.Contains($"Kleenefile changed: failed; '{name}' goes on as it was", await watch.LineAsync(), StringComparison.Ordinal);
        Assert.Contains(watch.Errors, line => line.StartsWith("Kleenefile:2:1: error", StringComparison.Ordinal));
        Assert.Contains(name, await space.SucceedAsync("ps"), StringComparison.Ordinal);

        space.Write("context/Kleenefile", Kleenefile.Replace("RUN true", "RUN echo why; false", StringComparison.Ordinal));
        Assert.Contains($"failed; '{name}' goes on as it was", await watch.LineAsync(), StringComparison.Ordinal);
        Assert.Contains("why", watch.Errors);

        space.Write("context/Kleenefile", Kleenefile.Replace("RUN true", "RUN echo better", StringComparison.Ordinal));
        Assert.Contains("1 of 2 steps ran", await watch.LineAsync(), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_container_that_does_not_get_healthy_takes_nobodys_place()
    {
        await using var watch = await WatchAsync(
            "--run", "--network", "none", "--health-cmd", "grep -q one /srv/app.txt", "--health-interval", "100ms", "--health-retries", "1");
        var name = Name(await watch.LineAsync());

        space.Write("context/app.txt", "ill\n");

        Assert.Contains($"is not healthy: its check ended with 1: ; '{name}' goes on as it was", await watch.LineAsync(), StringComparison.Ordinal);
        Assert.Equal([name], (await space.SucceedAsync("ps", "--format", "{{.Name}}")).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData("error: --run runs what --watch builds", "--run", "-p", "80:80")]
    [InlineData("error: 'busybox' behind --run is no option of 'kleene run'", "--watch", "--run", "--network", "none", "busybox")]
    [InlineData("error: 'run' has no option '--nmae'; did you mean '--name'?", "--watch", "--run", "--nmae", "x")]
    [InlineData("error: --check and --watch do not go together", "--watch", "--check")]
    public async Task What_makes_no_sense_is_said_at_once(string expected, params string[] words) =>
        Assert.StartsWith(expected, await space.FailAsync(2, ["build", space["context"], .. words]), StringComparison.Ordinal);

    /// <summary>The name in <c>'NAME' runs</c>.</summary>
    private static string Name(string line) => line.Split('\'')[1];

    private async Task<Watch> WatchAsync(params string[] options)
    {
        var watch = new Watch(space, ["build", "--watch", "-t", "app", space["context"], .. options]);
        await watch.Started;
        return watch;
    }

    /// <summary>A build that is watched, in a process of its own.</summary>
    private sealed class Watch : IOutputSink, IAsyncDisposable
    {
        private readonly Channel<string> lines = Channel.CreateUnbounded<string>();
        private readonly Channel<string> output = Channel.CreateUnbounded<string>();
        private readonly TaskCompletionSource<int> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Task<ProcessResult> running;

        public Watch(KleeneSpace space, string[] words)
        {
            running = new ProcessRunner().RunAsync(space.Command(words) with { Started = pid => started.TrySetResult(pid) }, ProcessOutput.To(this), CancellationToken.None);
            running.ContinueWith(_ =>
            {
                lines.Writer.TryComplete();
                output.Writer.TryComplete();
            }, TaskScheduler.Default);
        }

        public Task<int> Started => started.Task;

        /// <summary>Whatever was said beside the lines of cycles.</summary>
        public List<string> Errors { get; } = [];

        public void WriteLine(OutputKind stream, string line) => (stream == OutputKind.Error ? lines : output).Writer.TryWrite(line);

        /// <summary>The line of the next cycle.</summary>
        public async Task<string> LineAsync()
        {
            while (true)
            {
                var line = await ReadAsync(lines);
                if (System.Text.RegularExpressions.Regex.IsMatch(line, @"^\d\d:\d\d:\d\d .* ms$"))
                {
                    return line;
                }

                Errors.Add(line);
            }
        }

        /// <summary>Returns when a container has printed it.</summary>
        public async Task SaysAsync(string text)
        {
            while (await ReadAsync(output) != text)
            {
                // Ids and what others say.
            }
        }

        public async Task<int> InterruptAsync()
        {
            await new ProcessRunner().RunToolAsync(CommandLine.Of("kill", "-INT", (await Started).ToString(CultureInfo.InvariantCulture)), CancellationToken.None);
            return (await running).Exit.ShellCode;
        }

        public async ValueTask DisposeAsync()
        {
            if (!running.IsCompleted)
            {
                await InterruptAsync();
            }
        }

        private async Task<string> ReadAsync(Channel<string> channel)
        {
            try
            {
                return await channel.Reader.ReadAsync();
            }
            catch (ChannelClosedException)
            {
                throw new InvalidOperationException($"it has ended with {(await running).Exit}: {string.Join('\n', Errors)}\n{(await running).Error}");
            }
        }
    }
}
