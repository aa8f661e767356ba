using System.Collections.Immutable;
using Kleene.Build.Builder.Execution;
using Kleene.Build.Builder.Recording;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Builder.Profiling;

/// <summary>Puts together what is known of a build when all its steps have ended: their spans, what their jails used, and how their trees differ.</summary>
/// <param name="forecast">What was going to run.</param>
/// <param name="earlier">Builds of the same thing, the latest first.</param>
internal sealed class BuildProfiler(
    BuildForecast forecast, IReadOnlyDictionary<int, KeyedStage> stages, StepMeasures measures, SnapshotCatalog snapshots, ImageStore images, IReadOnlyList<BuildRecord> earlier)
{
    /// <param name="kleenefile">The path of the file.</param>
    public async Task<BuildProfile> MakeAsync(string kleenefile, CancellationToken cancellationToken)
    {
        using var traced = Tracer.Begin("profile");
        var steps = new List<ProfiledStep>();
        foreach (var step in stages.Values.SelectMany(stage => stage.Steps.Select((step, i) => (Step: step, Stage: stage, Index: i))))
        {
            var number = step.Step.Place.Number;
            var run = measures.RunOf(number);
            var expected = forecast.Steps[number - 1].State;
            steps.Add(new ProfiledStep
            {
                Number = number,
                Stage = step.Stage.Stage.Index,
                Place = step.Step.Place.Step.Place,
                Text = step.Step.Text,
                State = run?.State ?? (expected == RecordedStepState.Expected ? RecordedStepState.Waiting : expected),
                Start = run?.Start,
                Duration = run?.End - run?.Start ?? TimeSpan.Zero,
                After = [.. Before(step.Stage, step.Index)],
                Statistics = await StatisticsOfAsync(step.Step, step.Index < step.Stage.Hits.Length ? step.Stage.Hits[step.Index] : null, cancellationToken),
            });
        }

        var path = CriticalPath.Of(steps);
        return new BuildProfile
        {
            Kleenefile = kleenefile,
            Target = forecast.Target,
            Stages = forecast.Stages,
            Steps = [.. steps.Select(step => step.Start is null ? step : step with { Slack = path.SlackOf(step.Number) })],
            CriticalTime = path.Length,
        };
    }

    /// <summary>What a step waits for: the one above it, and the last ones of the stages that it reads.</summary>
    private IEnumerable<int> Before(KeyedStage stage, int index)
    {
        var above = index > 0 ? stage.Steps[index - 1].Place.Number : LastBelow(stage.Stage.Base);
        var read = stage.Steps[index].Place.Step.Origins.OfType<TreeOrigin.Stage>().Select(origin => LastOf(origin.Index));
        return read.Prepend(above).OfType<int>().Distinct();
    }

    private int? LastBelow(StageBase start) => start is StageBase.Stage stage ? LastOf(stage.Index) : null;

    /// <summary>A stage without steps is what it starts from.</summary>
    private int? LastOf(int stage) => stages[stage].Steps is [.., var last] ? last.Place.Number : LastBelow(stages[stage].Stage.Base);

    private async Task<StepStatistics> StatisticsOfAsync(KeyedStep step, SnapshotId? hit, CancellationToken cancellationToken)
    {
        if (hit is { } snapshot)
        {
            return new StepStatistics { SavedMilliseconds = (long?)images.DurationOf(snapshot, step.Key)?.TotalMilliseconds ?? EarlierDuration(step.Key) };
        }

        var usage = measures.UsageOf(step.Place.Number);
        var delta = await DeltaOfAsync(measures.RunOf(step.Place.Number), cancellationToken);
        return new StepStatistics
        {
            CpuMilliseconds = (long?)usage?.CpuTime?.TotalMilliseconds,
            PeakMemoryBytes = usage?.PeakMemoryBytes,
            ReadBytes = usage?.ReadBytes,
            WrittenBytes = usage?.WrittenBytes,
            ReceivedBytes = usage?.ReceivedBytes,
            SentBytes = usage?.SentBytes,
            FilesAdded = delta?.FilesAdded,
            FilesChanged = delta?.FilesChanged,
            FilesRemoved = delta?.FilesRemoved,
            BytesAdded = delta?.BytesAdded,
            BytesRemoved = delta?.BytesRemoved,
        };
    }

    /// <summary>Images know only the steps of their own stage.</summary>
    private long? EarlierDuration(string key) =>
        earlier.SelectMany(build => build.Detail.Steps).FirstOrDefault(step => step.Key == key && step.State == RecordedStepState.Built)?.DurationMilliseconds;

    private async Task<TreeGrowth?> DeltaOfAsync(StepRun? run, CancellationToken cancellationToken)
    {
        if (run?.Result is not { } result)
        {
            return null;
        }

        try
        {
            return await TreeGrowth.MeasureAsync(snapshots.Store, run.Parent, result, cancellationToken);
        }
        catch (Exception exception) when (exception is KleeneException or IOException or UnauthorizedAccessException)
        {
            // Another command may have removed a tree already. A build does not fail because somebody wanted to know more of it.
            return null;
        }
    }
}
