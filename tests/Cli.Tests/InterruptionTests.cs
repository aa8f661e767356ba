using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>Builds that are ended from outside, politely and not.</summary>
public sealed class InterruptionTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailTheory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public async Task An_interrupted_build_keeps_what_was_finished_and_leaves_nothing_else(string signal)
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN echo 1 > /one\nRUN echo started; sleep 1000\n");

        var ended = await space.SignalledAsync(context, signal, after: "started");

        Assert.Equal(130, ended.Exit.ShellCode);
        Assert.Contains("error: interrupted", ended.Error, StringComparison.Ordinal);
        await space.AssertCleanAsync();
        Assert.Empty(await ProcessesAsync("sleep 1000"));
        space.Context("FROM busybox\nRUN echo 1 > /one\nRUN echo started; true\n");
        Assert.Contains("--> Using cache", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_killed_build_is_swept_by_the_next_command()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN echo 1 > /one\nRUN echo started; sleep 1001\n");

        await space.SignalledAsync(context, "KILL", after: "started");

        // What ran in its jail has ended with it: the rest is in files.
        for (var look = 0; look < 100 && (await ProcessesAsync("sleep 1001")).Length > 0; look++)
        {
            await Task.Delay(50);
        }

        Assert.Empty(await ProcessesAsync("sleep 1001"));
        await space.AssertCleanAsync();
        space.Context("FROM busybox\nRUN echo 1 > /one\nRUN echo started; true\n");
        Assert.Contains("--> Using cache", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
    }

    /// <summary>Wherever it is when it dies: the store opens, nothing is left over, and the build can be done.</summary>
    [JailFact]
    public async Task A_build_may_be_killed_at_any_moment()
    {
        const int Rounds = 25;
        await space.WithBusyboxAsync();
        for (var i = 0; i < 300; i++)
        {
            space.Write($"context/files/{i}", $"file {i}");
        }

        var seed = Environment.TickCount;
        var random = new Random(seed);
        var kleenefile = "FROM busybox AS a\nRUN echo $ROUND > /one\nFROM busybox AS b\nCOPY files /files\nFROM a\nCOPY --from=b /files /files\nWORKDIR /w\nRUN rm -r /files; echo 2 > /two\n";
        for (var round = 0; round < Rounds; round++)
        {
            var context = space.Context(kleenefile.Replace("$ROUND", $"{round}", StringComparison.Ordinal).Replace("FROM busybox AS b\n", $"FROM busybox AS b\nRUN echo {round} > /round\n", StringComparison.Ordinal));
            var delay = (random.NextDouble() * 0.4).ToString("0.000", System.Globalization.CultureInfo.InvariantCulture);

            await space.RunAsync(CommandLine.Of("timeout", ["-s", "KILL", delay, space.Command().Program, .. space.Command("build", "-q", "-t", "app", context).Arguments]));

            await space.AssertCleanAsync();
        }

        Assert.True((await space.RunAsync("build", "-t", "app", space["context"])).Exit.Success, $"seed {seed}");
        Assert.Equal("2\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/two"));
        await space.AssertCleanAsync();
    }

    private async Task<string> ProcessesAsync(string commandLine) =>
        (await space.RunAsync(CommandLine.Of("sh", "-c", $"grep -lz '{commandLine.Split(' ')[1]}' /proc/[0-9]*/cmdline 2> /dev/null | while read f; do tr '\\0' ' ' < $f; done | grep -x '{commandLine} ' || true"))).Output;
}
