using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>Two builds, each a process of its own, that come to the same step at the same time.</summary>
public sealed class SharedStepTests : IDisposable
{
    private const string Waiting = "--> Waiting for the same step, which is running already";

    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_step_that_another_build_is_running_is_waited_for_and_its_snapshot_taken()
    {
        var (first, second) = await MeetAsync();

        space.Write("shared/go", "");

        Assert.True((await first).Exit.Success && (await second).Exit.Success, Logs());
        Assert.Equal("run\n", File.ReadAllText(space["shared/runs"]));
        Assert.Equal(Snapshots("first", "Snapshot created: "), Snapshots("second", "Using cache "));
        await space.AssertCleanAsync();
        Assert.Empty(Directory.GetFiles(Path.Join(space.StateRoot, "steps")));
    }

    [JailTheory]
    [InlineData("KILL")]
    [InlineData("INT")]
    public async Task A_build_that_waited_for_one_that_was_ended_runs_the_step_itself(string signal)
    {
        var (first, second) = await MeetAsync();

        space.Shell($"kill -{signal} $(cat first.pid)");
        Until("[ $(wc -l < shared/runs) = 2 ]");
        space.Write("shared/go", "");

        Assert.False((await first).Exit.Success);
        Assert.True((await second).Exit.Success, Logs());
        Assert.Single(Snapshots("second", "Snapshot created: "));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_build_that_waited_for_a_step_that_failed_runs_it_itself()
    {
        var (first, second) = await MeetAsync();

        space.Write("shared/fail", "");
        Until("[ $(wc -l < shared/runs) = 2 ]");
        space.Write("shared/go", "");

        Assert.Equal(1, (await first).Exit.ShellCode);
        Assert.True((await second).Exit.Success, Logs());
        Assert.Single(Snapshots("second", "Snapshot created: "));
    }

    [JailFact]
    public async Task Without_the_cache_nothing_is_shared_with_other_builds()
    {
        var (first, second) = await MeetAsync("--no-cache", "[ $(wc -l < shared/runs) = 2 ]");

        space.Write("shared/go", "");

        Assert.True((await first).Exit.Success && (await second).Exit.Success, Logs());
        Assert.DoesNotContain(Waiting, Logs(), StringComparison.Ordinal);
    }

    /// <summary>Has one build in the middle of a step, and another that wants the same one.</summary>
    private async Task<(Task<ProcessResult> First, Task<ProcessResult> Second)> MeetAsync(string option = "--rm", string met = $"grep -qxe '{Waiting}' second.log 2> /dev/null")
    {
        await space.WithBusyboxAsync();
        space.MakeDirectory("shared");
        space.Context("FROM busybox\nRUN echo run >> /shared/runs; while [ ! -e /shared/go ]; do ! rm /shared/fail 2> /dev/null || exit 3; sleep 0.02; done\n");
        var first = Start("first", option);
        Until("[ -e shared/runs ]");
        var second = Start("second", option);
        Until(met);
        return (first, second);
    }

    private Task<ProcessResult> Start(string name, string option)
    {
        var build = space.Command("build", "--progress", "plain", option, "-t", name, "-m", $"type=bind,src={space["shared"]},dst=/shared", space["context"]);
        return space.RunAsync(CommandLine.Of("bash", "-c", $"echo $$ > '{space[name]}.pid'; exec {build} 2> '{space[name]}.log'"));
    }

    private void Until(string condition) => space.Shell($"timeout 100 sh -c \"until {condition.Replace("$", "\\$", StringComparison.Ordinal)}; do sleep 0.02; done\"");

    private string[] Snapshots(string name, string after) =>
        [.. File.ReadLines(space[$"{name}.log"]).Where(line => line.StartsWith($"--> {after}@", StringComparison.Ordinal)).Select(line => line.Split('@')[1])];

    private string Logs() => space.Shell("cat first.log second.log");
}
