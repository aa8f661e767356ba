using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Profiling;
using Kleene.Build.Builder.Tests.Execution;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Builder.Tests.Profiling;

/// <summary>What a build that is profiled tells of its steps.</summary>
public sealed class BuildProfilerTests : IDisposable
{
    private readonly BuildHarness harness = new();
    private readonly Timeline timeline = new("kleene build", TimeProvider.System, TimeSpan.Zero);

    public void Dispose() => harness.Dispose();

    [Fact]
    public async Task Every_step_says_what_it_waited_for_what_it_used_and_what_it_changed()
    {
        await harness.AddBaseAsync();
        harness.Jails.Usage = new JailUsage { CpuTime = TimeSpan.FromMilliseconds(30), PeakMemoryBytes = 4096, SentBytes = 7 };
        harness.Jails.Writes("make", "made", "12345");
        harness.Write("file", "1");

        var profile = await ProfileAsync("""
            FROM base AS tools
            RUN make
            FROM tools AS same
            FROM base
            COPY file /
            COPY --from=same /made /
            RUN make
            """);

        Assert.Equal(["tools", "same", "2"], profile.Stages.Select(stage => stage.Name));
        Assert.Equal(
            ["1 Built of 0 after ", "2 Built of 2 after ", "3 Built of 2 after 2,1", "4 Built of 2 after 3"],
            profile.Steps.Select(step => $"{step.Number} {step.State} of {step.Stage} after {string.Join(',', step.After)}"));
        Assert.Equal((30, 4096, 7, 1, 5), UsageOf(profile.Steps[0]));
        Assert.Equal((null, null, null, 1, 1), UsageOf(profile.Steps[1]));
        Assert.Equal(1, profile.Steps[3].Statistics.FilesChanged);
        Assert.All(profile.Steps, step => Assert.InRange(step.Start!.Value, TimeSpan.Zero, timeline.Now - step.Duration));
        Assert.Equal(profile.CriticalTime, profile.Steps.Where(step => step.IsCritical).Aggregate(TimeSpan.Zero, (sum, step) => sum + step.Duration));
        Assert.True(profile.Steps[3].IsCritical);
    }

    [Fact]
    public async Task A_cached_step_says_what_it_saved_whichever_stage_it_is_of()
    {
        await harness.AddBaseAsync();
        const string Kleenefile = "FROM base AS tools\nRUN make\nFROM base\nCOPY --from=tools /base /copy\nRUN one\n";
        await harness.BuildAsync(Kleenefile);

        var profile = await ProfileAsync(Kleenefile + "RUN two\n");

        Assert.Equal([RecordedStepState.Cached, RecordedStepState.Cached, RecordedStepState.Cached, RecordedStepState.Built], profile.Steps.Select(step => step.State));
        Assert.All(profile.Steps.Take(3), step => Assert.NotNull(step.Statistics.SavedMilliseconds));
        Assert.Equal([null, null, null, TimeSpan.Zero], profile.Steps.Select(step => step.Slack));
        Assert.Null(profile.Steps[3].Statistics.SavedMilliseconds);
    }

    [Fact]
    public async Task A_build_that_fails_tells_what_it_did_until_then()
    {
        await harness.AddBaseAsync();
        harness.Jails.Usage = new JailUsage { CpuTime = TimeSpan.FromMilliseconds(5) };
        harness.Jails.On("fail", exitCode: 3);

        var profile = await ProfileAsync("FROM base\nRUN fine\nRUN fail\nRUN never\n");

        Assert.Equal([RecordedStepState.Built, RecordedStepState.Failed, RecordedStepState.Waiting], profile.Steps.Select(step => step.State));
        Assert.Equal(5, profile.Steps[1].Statistics.CpuMilliseconds);
        Assert.Null(profile.Steps[2].Start);
    }

    [Fact]
    public async Task What_was_measured_is_written_down_with_the_build()
    {
        await harness.AddBaseAsync();
        harness.Jails.Usage = new JailUsage { PeakMemoryBytes = 1000 };

        await ProfileAsync("FROM base\nRUN make\n");

        Assert.Equal(1000, harness.Builds.Latest()?.Detail.Steps[0].Statistics?.PeakMemoryBytes);
    }

    [Fact]
    public async Task Nothing_is_measured_when_nobody_wants_to_know()
    {
        await harness.AddBaseAsync();

        var events = await harness.BuildAsync("FROM base\nRUN make\n");

        Assert.DoesNotContain(events, happened => happened is BuildEvent.Profiled);
        Assert.All(harness.Jails.Started, spec => Assert.Null(spec.Measured));
        Assert.Null(harness.Builds.Latest()?.Detail.Steps[0].Statistics);
    }

    private async Task<BuildProfile> ProfileAsync(string kleenefile)
    {
        var events = await harness.BuildAsync(kleenefile, request => request with { Profile = timeline });
        return Assert.Single(events.OfType<BuildEvent.Profiled>()).Profile;
    }

    private static (long? Cpu, long? Memory, long? Sent, int? Files, long? Bytes) UsageOf(ProfiledStep step) =>
        (step.Statistics.CpuMilliseconds, step.Statistics.PeakMemoryBytes, step.Statistics.SentBytes, step.Statistics.FilesAdded, step.Statistics.BytesAdded);
}
