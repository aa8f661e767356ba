using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Tests.Execution;
using Kleene.Build.Parser;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Builder.Tests.Recording;

public sealed class BuildJournalTests : IDisposable
{
    private readonly BuildHarness harness = new();

    public void Dispose() => harness.Dispose();

    [Fact]
    public async Task A_build_is_written_down_with_its_steps_their_snapshots_and_what_they_printed()
    {
        await harness.AddBaseAsync();
        harness.Jails.On("one", async (_, output, _) =>
        {
            await Task.Yield();
            output.WriteLine(OutputKind.Output, "a \\ b\rc");
            output.WriteLine(OutputKind.Error, "");
            return new ExitStatus(0);
        });

        var events = await harness.BuildAsync("FROM base\nRUN one\nRUN two\n");

        var build = harness.Builds.Latest()!;
        Assert.Equal(("app:latest", BuildState.Done, BuildHarness.ImageOf(events).Id, 2), (build.Name, build.State, build.Image, build.Ran));
        Assert.Equal(harness.ContextDirectory, build.Detail.Context);
        Assert.Equal(["1 Kleenefile:2 RUN one Built", "2 Kleenefile:3 RUN two Built"], build.Detail.Steps.Select(step => $"{step.Number} {step.Place} {step.Text} {step.State}"));
        Assert.Equal(
            events.OfType<BuildEvent.StepCompleted>().Select(completed => completed.Snapshot.ToString()),
            build.Detail.Steps.Select(step => step.Snapshot));
        Assert.Equal([new(1, OutputKind.Output, "a \\ b\rc"), new(1, OutputKind.Error, "")], BuildLog.Read(harness.State, build.Id));
    }

    [Fact]
    public async Task A_build_in_which_all_is_cached_is_one_row_and_no_file()
    {
        await harness.AddBaseAsync();
        await harness.BuildAsync("FROM base\nRUN one\n");
        var records = harness.Count("key_records");

        await harness.BuildAsync("FROM base\nRUN one\n");

        Assert.Equal((2, records), (harness.Count("builds"), harness.Count("key_records")));
        Assert.Empty(BuildLog.Read(harness.State, harness.Builds.Latest()!.Id));
        Assert.Equal(RecordedStepState.Cached, Assert.Single(harness.Builds.Latest()!.Detail.Steps).State);
    }

    [Fact]
    public async Task Values_of_secrets_are_in_no_record_and_no_log()
    {
        const string Value = "swordfish-4711";
        await harness.AddBaseAsync();
        harness.Jails.On("cat /run/secrets/token", 0, $"it is {Value}");

        await harness.BuildAsync(
            "FROM base\nRUN --mount=type=secret,id=token cat /run/secrets/token\n",
            request => request with { Secrets = new BuildSecrets([new BuildSecret("token", System.Text.Encoding.UTF8.GetBytes(Value))]) });

        Assert.Equal("it is ***", Assert.Single(BuildLog.Read(harness.State, harness.Builds.Latest()!.Id)).Text);
        Assert.Equal(0, harness.Count($"key_records WHERE inputs LIKE '%{Value}%'") + harness.Count($"builds WHERE detail LIKE '%{Value}%'"));
        Assert.Equal(1, harness.Count("key_records WHERE inputs LIKE '%token%'"));
    }

    [Fact]
    public async Task A_build_that_was_stopped_says_where()
    {
        await harness.AddBaseAsync();
        using var stop = new CancellationTokenSource();
        harness.Jails.On("two", async (_, _, cancellationToken) =>
        {
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return new ExitStatus(0);
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => harness.BuildAsync("FROM base\nRUN one\nRUN two\nRUN three\n", cancellationToken: stop.Token));

        var build = harness.Builds.Latest()!;
        Assert.Equal(BuildState.Stopped, build.State);
        Assert.Equal([RecordedStepState.Built, RecordedStepState.Stopped, RecordedStepState.Waiting], build.Detail.Steps.Select(step => step.State));
    }

    [Fact]
    public async Task A_failed_step_leads_to_the_files_of_the_failure()
    {
        await harness.AddBaseAsync();
        harness.Jails.On("two", 3);

        var events = await harness.BuildAsync("FROM base\nRUN one\nRUN two\n");

        var build = harness.Builds.Latest()!;
        var kept = Assert.IsType<BuildEvent.Failed>(events.Last()).Kept!;
        Assert.Equal((BuildState.Failed, kept.Id), (build.State, build.Image));
        Assert.Equal(kept.Steps[1].Snapshot.ToString(), build.Detail.Steps[1].Snapshot);
        Assert.Equal("the command exited with code 3", build.Detail.Steps[1].Message);
    }

    [Fact]
    public async Task A_list_of_files_is_kept_once_for_all_steps_that_read_the_same()
    {
        await harness.AddBaseAsync();
        harness.Write("d/a", "1");

        await harness.BuildAsync("FROM base\nCOPY d /one\nCOPY d /two\nRUN --mount=type=bind,source=d,target=/d one\n");

        Assert.Equal((3, 1), (harness.Count("key_records"), harness.Count("file_lists")));
    }

    [Fact]
    public async Task A_file_with_errors_is_no_build()
    {
        await harness.BuildAsync("FRM base\n");

        Assert.Null(harness.Builds.Latest());
    }

    [Fact]
    public async Task Forgotten_builds_take_with_them_what_no_other_has()
    {
        await harness.AddBaseAsync();
        harness.Write("a", "1");
        await harness.BuildAsync("FROM base\nRUN one\nCOPY a /a\n");
        var first = harness.Builds.Latest()!;
        harness.Write("a", "2");
        await harness.BuildAsync("FROM base\nRUN one\nCOPY a /a\n");

        harness.Builds.Remove([first]);

        Assert.Equal((1, 2, 1), (harness.Count("builds"), harness.Count("key_records"), harness.Count("file_lists")));
        Assert.All(harness.Builds.Latest()!.Detail.Steps, step => Assert.NotNull(harness.Builds.FindKey(step.Key)));
    }

    [Fact]
    public async Task A_build_that_cannot_be_written_down_is_built_all_the_same()
    {
        await harness.AddBaseAsync();
        await File.WriteAllTextAsync(harness.State.Builds, "in the way of the logs");
        harness.Jails.On("one", 0, "something to log");

        var events = await harness.BuildAsync("FROM base\nRUN one\n");

        Assert.IsType<BuildEvent.Unrecorded>(events[^2]);
        Assert.IsType<BuildEvent.Completed>(events[^1]);
    }
}
