using Kleene.Build.Builder.Events;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Builder.Tests.Execution;

public sealed class BuildTests : IDisposable
{
    private readonly BuildHarness harness = new();

    public void Dispose() => harness.Dispose();

    [Fact]
    public async Task Each_step_runs_on_a_clone_of_the_one_before()
    {
        await harness.AddBaseAsync();
        harness.Jails.Writes("one", "one", "1");
        harness.Jails.On("two", async (spec, output, cancellationToken) =>
        {
            output.WriteLine(OutputKind.Output, await File.ReadAllTextAsync(Path.Join(spec.Root, "one"), cancellationToken));
            await File.WriteAllTextAsync(Path.Join(spec.Root, "two"), "2", cancellationToken);
            return new ExitStatus(0);
        });

        var events = await harness.BuildAsync("FROM base\nRUN one\nRUN two\n");

        Assert.Equal(["started 0 of 2", "1 RUN one", "1 built", "2 RUN two", "2 > 1", "2 built", "completed"], BuildHarness.Told(events));
        var steps = harness.Images.WithSteps(BuildHarness.ImageOf(events)).Steps;
        Assert.Null(await harness.ReadAsync(steps[0].Snapshot!.Value, "two"));
        Assert.Equal("2", await harness.ReadAsync(steps[1].Snapshot!.Value, "two"));
        Assert.Equal("base", await harness.ReadAsync(steps[1].Snapshot!.Value, "base"));
        Assert.Equal(0, harness.UnfinishedTrees);
    }

    [Fact]
    public async Task A_build_that_asks_nothing_new_runs_nothing_and_gives_the_same_image()
    {
        await harness.AddBaseAsync();
        var first = await harness.BuildAsync("FROM base\nRUN one\nRUN two\n");

        var second = await harness.BuildAsync("# a comment\nFROM base\n\nRUN one\nRUN two\n");

        Assert.Equal([1, 2], BuildHarness.Cached(second));
        Assert.Equal(BuildHarness.ImageOf(first).Id, BuildHarness.ImageOf(second).Id);
        Assert.Equal(2, harness.Jails.Started.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_same_steps_in_two_stages_run_once(bool noCache)
    {
        await harness.AddBaseAsync();

        var events = await harness.BuildAsync(
            "FROM base AS a\nRUN one\nRUN two\nFROM base AS b\nRUN one\nRUN two\nFROM base\nCOPY --from=a /base /a\nCOPY --from=b /base /b\n",
            request => request with { NoCache = noCache, Jobs = 4 });

        var image = harness.Images.WithSteps(BuildHarness.ImageOf(events));
        Assert.Equal(2, harness.Jails.Started.Count);
        Assert.Equal(2, BuildHarness.Cached(events).Count());
        Assert.Equal(4, BuildHarness.Ran(events).Count());
        Assert.Equal("base", await harness.ReadAsync(image.Snapshot, "b"));
        Assert.Equal(2, harness.Builds.Latest()!.Detail.Steps.Count(step => step.State == Runtime.Builds.RecordedStepState.Cached));
        Assert.Empty(Directory.GetFiles(harness.State.Steps));
    }

    [Fact]
    public async Task A_lock_that_a_killed_build_left_is_taken_away_and_keeps_nobody()
    {
        await harness.AddBaseAsync();
        Directory.CreateDirectory(harness.State.Steps);
        await File.WriteAllTextAsync(Path.Join(harness.State.Steps, "0123"), "");

        await harness.BuildAsync("FROM base\nRUN one\n");

        Assert.Empty(Directory.GetFiles(harness.State.Steps));
    }

    [Fact]
    public async Task A_step_whose_parent_changed_is_rebuilt()
    {
        await harness.AddBaseAsync();
        await harness.BuildAsync("FROM base\nRUN one\nRUN two\nRUN three\n");

        var events = await harness.BuildAsync("FROM base\nRUN one\nRUN zwei\nRUN three\n");

        Assert.Equal([1], BuildHarness.Cached(events));
        Assert.Equal([2, 3], BuildHarness.Ran(events));
    }

    [Fact]
    public async Task What_a_command_sees_is_part_of_what_it_asks()
    {
        await harness.AddBaseAsync();
        await harness.BuildAsync("FROM base\nENV A=1\nRUN one\n");

        var events = await harness.BuildAsync("FROM base\nENV A=2\nRUN one\n");

        Assert.Equal([1], BuildHarness.Ran(events));
    }

    [Fact]
    public async Task Configuration_alone_makes_a_new_image_of_the_same_tree()
    {
        await harness.AddBaseAsync();
        var first = BuildHarness.ImageOf(await harness.BuildAsync("FROM base\nRUN one\nCMD [\"a\"]\n"));

        var second = BuildHarness.ImageOf(await harness.BuildAsync("FROM base\nRUN one\nCMD [\"b\"]\n"));

        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(first.Snapshot, second.Snapshot);
        Assert.Equal(["b"], second.Config.Cmd.AsEnumerable());
    }

    [Fact]
    public async Task What_the_base_image_says_holds_until_the_file_says_otherwise()
    {
        await harness.AddBaseAsync(config: new ImageConfig { Env = ["PATH=/opt/bin", "A=1"], WorkingDir = "/srv", User = "web", Cmd = ["start"] });

        var image = BuildHarness.ImageOf(await harness.BuildAsync("FROM base\nENV PATH=/x:$PATH A=2\nRUN one\n"));

        var process = harness.Jails.Started.Single().Process;
        Assert.Equal(["PATH=/x:/opt/bin", "A=2"], process.Environment.AsEnumerable());
        Assert.Equal(("/srv", "web"), (process.WorkingDirectory, process.User));
        Assert.Equal(["start"], image.Config.Cmd.AsEnumerable());
    }

    [Fact]
    public async Task Without_the_cache_everything_runs_and_becomes_the_new_answer()
    {
        await harness.AddBaseAsync();
        await harness.BuildAsync("FROM base\nRUN one\n");

        var forced = await harness.BuildAsync("FROM base\nRUN one\n", request => request with { NoCache = true });
        var after = await harness.BuildAsync("FROM base\nRUN one\n");

        Assert.Equal([1], BuildHarness.Ran(forced));
        Assert.Equal([1], BuildHarness.Cached(after));
        Assert.Equal(BuildHarness.ImageOf(forced).Id, BuildHarness.ImageOf(after).Id);
    }

    [Fact]
    public async Task A_stage_that_is_run_anyway_takes_those_that_depend_on_it_along()
    {
        await harness.AddBaseAsync();
        const string File = "FROM base AS a\nRUN one\nFROM base AS b\nRUN two\nFROM a\nRUN three\nCOPY --from=b /base /b\n";
        await harness.BuildAsync(File);

        var events = await harness.BuildAsync(File, request => request with { NoCacheStages = ["a"] });

        Assert.Equal([2], BuildHarness.Cached(events));
        Assert.Equal([1, 3, 4], BuildHarness.Ran(events).Order());
    }

    [Fact]
    public async Task A_stage_that_nobody_needs_is_not_built()
    {
        await harness.AddBaseAsync();

        var events = await harness.BuildAsync("FROM base AS tools\nRUN tools\nFROM base\nRUN app\n");

        Assert.Equal(["app"], harness.Jails.Commands);
        Assert.Equal(["started 1 of 1", "1 RUN app", "1 built", "completed"], BuildHarness.Told(events));
    }

    [Fact]
    public async Task A_stage_that_feeds_only_cached_steps_is_not_built_again()
    {
        await harness.AddBaseAsync();
        const string File = "FROM base AS make\nRUN make\nFROM base\nCOPY --from=make /base /made\n";
        await harness.BuildAsync(File);
        harness.Database.Execute("DELETE FROM cache WHERE key IN (SELECT key FROM cache ORDER BY created LIMIT 2)");
        harness.Jails.On("make", 1);

        var events = await harness.BuildAsync(File);

        Assert.IsType<BuildEvent.Completed>(events[^1]);
    }

    [Fact]
    public async Task Stages_that_do_not_know_each_other_run_side_by_side()
    {
        await harness.AddBaseAsync();
        var left = new TaskCompletionSource();
        var right = new TaskCompletionSource();
        harness.Jails.On("left", (_, _, cancellationToken) => Meet(left, right, cancellationToken));
        harness.Jails.On("right", (_, _, cancellationToken) => Meet(right, left, cancellationToken));

        var events = await harness.BuildAsync(
            "FROM base AS l\nRUN left\nFROM base AS r\nRUN right\nFROM base\nCOPY --from=l /base /l\nCOPY --from=r /base /r\n",
            request => request with { Jobs = 2 });

        Assert.Equal([1, 2, 3, 4], BuildHarness.Ran(events).Order());

        static async Task<ExitStatus> Meet(TaskCompletionSource mine, TaskCompletionSource other, CancellationToken cancellationToken)
        {
            mine.SetResult();
            await other.Task.WaitAsync(cancellationToken);
            return new ExitStatus(0);
        }
    }

    [Fact]
    public async Task A_failed_step_keeps_what_was_good_and_what_was_there()
    {
        await harness.AddBaseAsync();
        harness.Jails.Writes("one", "one", "1");
        harness.Jails.On("two", async (spec, output, cancellationToken) =>
        {
            await File.WriteAllTextAsync(Path.Join(spec.Root, "half"), "done", cancellationToken);
            output.WriteLine(OutputKind.Error, "no way");
            return new ExitStatus(3);
        });

        var events = await harness.BuildAsync("FROM base\nRUN one\nRUN two\nRUN three\n");

        Assert.Equal(
            ["started 0 of 3", "1 RUN one", "1 built", "2 RUN two", "2 > no way", "2 failed: the command exited with code 3", "build failed: the command exited with code 3"],
            BuildHarness.Told(events));
        var failed = harness.Images.Find("app:failed");
        Assert.Equal(Assert.IsType<BuildEvent.StepFailed>(events[^2]).LastGood, failed.Snapshot);
        Assert.Null(await harness.ReadAsync(failed.Snapshot, "half"));
        Assert.Equal("done", await harness.ReadAsync(harness.Images.Find("app:failed@dirty").Snapshot, "half"));
        Assert.Null(harness.Images.TryFind("app"));
        Assert.Equal(0, harness.UnfinishedTrees);
    }

    [Fact]
    public async Task A_repaired_step_goes_on_from_the_last_good_one()
    {
        await harness.AddBaseAsync();
        harness.Jails.On("two", 1);
        await harness.BuildAsync("FROM base\nRUN one\nRUN two\n");
        harness.Jails.On("two", 0);

        var events = await harness.BuildAsync("FROM base\nRUN one\nRUN two\n");

        Assert.Equal([1], BuildHarness.Cached(events));
        Assert.Equal([2], BuildHarness.Ran(events));
    }

    [Fact]
    public async Task A_second_failure_takes_the_place_of_the_first()
    {
        await harness.AddBaseAsync();
        harness.Jails.On("two", 1);
        await harness.BuildAsync("FROM base\nRUN two\n");

        await harness.BuildAsync("FROM base\nRUN two\n");

        Assert.Single(harness.Images.List(), image => !image.Names.Contains("base:latest"));
    }

    [Fact]
    public async Task Nothing_is_kept_of_a_failure_when_nothing_is_wanted()
    {
        await harness.AddBaseAsync();
        harness.Jails.On("two", 1);

        var events = await harness.BuildAsync("FROM base\nRUN two\n", request => request with { KeepFailed = false });

        Assert.Null(Assert.IsType<BuildEvent.Failed>(events[^1]).Kept);
        Assert.Single(harness.Images.List());
        Assert.Equal(0, harness.UnfinishedTrees);
    }

    [Fact]
    public async Task A_failing_stage_stops_the_others()
    {
        await harness.AddBaseAsync();
        var waiting = new TaskCompletionSource();
        harness.Jails.On("endless", async (_, _, cancellationToken) =>
        {
            waiting.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return new ExitStatus(0);
        });
        harness.Jails.On("fails", async (_, _, cancellationToken) =>
        {
            await waiting.Task.WaitAsync(cancellationToken);
            return new ExitStatus(1);
        });

        var events = await harness.BuildAsync(
            "FROM base AS a\nRUN endless\nFROM base AS b\nRUN fails\nFROM base\nCOPY --from=a /base /a\nCOPY --from=b /base /b\n",
            request => request with { Jobs = 2 });

        Assert.Equal("build failed: the command exited with code 1", BuildHarness.Told(events).Last());
        Assert.Equal(0, harness.UnfinishedTrees);
    }

    [Fact]
    public async Task A_command_that_is_not_there_fails_the_step_with_127()
    {
        await harness.AddBaseAsync();
        harness.Jails.On("nothing", (_, _, _) => throw new JailStartException(JailStartFailure.NotFound, "'nothing' is not in the image"));

        var events = await harness.BuildAsync("FROM base\nRUN nothing\n");

        var failed = events.OfType<BuildEvent.StepFailed>().Single();
        Assert.Equal((127, "'nothing' is not in the image"), (failed.Exit!.Value.ShellCode, failed.Message));
    }

    [Theory]
    [InlineData("", "the command exited with code 1; if it needed the network: rules drop it")]
    [InlineData("--network=none ", "the command exited with code 1; it had no network, allow one with --network default if it needs it")]
    public async Task A_step_that_fails_tells_what_was_in_the_way_of_the_network(string flag, string message)
    {
        await harness.AddBaseAsync();
        harness.NetworkDriver.Hindrance = "rules drop it";
        harness.Jails.On("fails", (_, _, _) => Task.FromResult(new ExitStatus(1)));

        var events = await harness.BuildAsync($"FROM base\nRUN {flag}fails\n");

        Assert.Equal(message, events.OfType<BuildEvent.StepFailed>().Single().Message);
    }

    [Fact]
    public async Task A_cancelled_build_leaves_only_what_was_finished()
    {
        await harness.AddBaseAsync();
        using var cancellation = new CancellationTokenSource();
        harness.Jails.On("two", async (_, _, cancellationToken) =>
        {
            await cancellation.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return new ExitStatus(0);
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => harness.BuildAsync("FROM base\nRUN one\nRUN two\n", cancellationToken: cancellation.Token));

        Assert.Equal(0, harness.UnfinishedTrees);
        Assert.Equal([1], BuildHarness.Cached(await RepairedAsync()));

        Task<List<BuildEvent>> RepairedAsync()
        {
            harness.Jails.On("two", 0);
            return harness.BuildAsync("FROM base\nRUN one\nRUN two\n");
        }
    }

    [Fact]
    public async Task A_base_image_that_is_not_there_is_named_with_the_nearest()
    {
        await harness.AddBaseAsync("debian:12");

        var exception = await Assert.ThrowsAsync<KleeneException>(() => harness.BuildAsync("FROM debain:12\nRUN one\n"));

        Assert.Equal("Kleenefile:1: there is no image 'debain:12'; did you mean 'debian:12'?", exception.Message);
    }

    [Fact]
    public async Task A_file_with_errors_runs_nothing()
    {
        await harness.AddBaseAsync();

        var events = await harness.BuildAsync("FROM base\nRUN one\nCPOY a b\n");

        Assert.Empty(harness.Jails.Started);
        Assert.Contains(events, happened => happened is BuildEvent.Diagnosed);
        Assert.IsType<BuildEvent.Failed>(events[^1]);
    }

    [Fact]
    public async Task Two_builds_of_one_name_at_once_agree_on_one_snapshot_a_step()
    {
        await harness.AddBaseAsync();
        var both = new CountdownEvent(2);
        harness.Jails.On("one", async (_, _, _) =>
        {
            both.Signal();
            await Task.Run(() => both.Wait(TimeSpan.FromSeconds(30)));
            return new ExitStatus(0);
        });

        var builds = await Task.WhenAll(harness.BuildAsync("FROM base\nRUN one\n"), harness.BuildAsync("FROM base\nRUN one\n"));

        Assert.Equal(BuildHarness.ImageOf(builds[0]).Snapshot, BuildHarness.ImageOf(builds[1]).Snapshot);
        Assert.Equal(0, harness.UnfinishedTrees);
    }

    [Fact]
    public async Task The_empty_image_can_be_built()
    {
        var image = BuildHarness.ImageOf(await harness.BuildAsync("FROM scratch\nCMD [\"/app\"]\n"));

        Assert.Null(await harness.ReadAsync(image.Snapshot, "base"));
        Assert.Equal(["/app"], image.Config.Cmd.AsEnumerable());
    }

    [Fact]
    public async Task A_build_may_go_on_from_the_middle_of_an_image()
    {
        await harness.AddBaseAsync();
        harness.Jails.Writes("one", "one", "1");
        harness.Jails.Writes("two", "two", "2");
        var image = harness.Images.WithSteps(BuildHarness.ImageOf(await harness.BuildAsync("FROM base\nENV A=1\nRUN one\nENV B=2\nRUN two\n")));

        var entered = BuildHarness.ImageOf(await harness.BuildAsync($"FROM app@{image.Steps[0].Snapshot}\nRUN three\n"));

        Assert.Equal("1", await harness.ReadAsync(entered.Snapshot, "one"));
        Assert.Null(await harness.ReadAsync(entered.Snapshot, "two"));
        Assert.Contains("A=1", harness.Jails.Started.Last().Process.Environment);
        Assert.DoesNotContain("B=2", harness.Jails.Started.Last().Process.Environment);
    }
}
