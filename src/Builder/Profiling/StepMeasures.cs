using Kleene.Build.Builder.Execution;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Builder.Profiling;

/// <summary>What was seen of the steps of a build that is profiled, while they ran.</summary>
/// <param name="timeline">Tells the time.</param>
internal sealed class StepMeasures(Timeline timeline)
{
    private readonly Lock gate = new();
    private readonly Dictionary<int, JailUsage> usages = [];
    private readonly Dictionary<int, StepRun> runs = [];

    public void Begin(int step)
    {
        lock (gate)
        {
            runs[step] = new StepRun(timeline.Now, null, null);
        }
    }

    public void Note(int step, JailUsage usage)
    {
        lock (gate)
        {
            usages[step] = usage;
        }
    }

    public void End(int step, SnapshotId? parent, StepOutcome outcome)
    {
        lock (gate)
        {
            runs[step] = runs[step] with { End = timeline.Now, Parent = parent, Outcome = outcome };
        }
    }

    /// <summary>Null when nothing of it ran in a jail, or this system counts nothing.</summary>
    public JailUsage? UsageOf(int step)
    {
        lock (gate)
        {
            return usages.GetValueOrDefault(step);
        }
    }

    /// <summary>Null when it did not begin.</summary>
    public StepRun? RunOf(int step)
    {
        lock (gate)
        {
            return runs.GetValueOrDefault(step);
        }
    }
}

/// <param name="Start">On the build's timeline, as its end.</param>
/// <param name="End">Null when it was stopped.</param>
/// <param name="Parent">The tree that it worked on; null is the empty one.</param>
/// <param name="Outcome">Null when it was stopped.</param>
internal sealed record StepRun(TimeSpan Start, TimeSpan? End, SnapshotId? Parent, StepOutcome? Outcome = null)
{
    /// <summary>What it left: of one that failed how its files looked then, if they were kept.</summary>
    public SnapshotId? Result => Outcome switch
    {
        StepOutcome.Built built => built.Snapshot,
        StepOutcome.Failed failed => failed.Dirty,
        _ => null,
    };

    public RecordedStepState State => Outcome switch
    {
        StepOutcome.Built => RecordedStepState.Built,
        StepOutcome.Failed => RecordedStepState.Failed,
        _ => RecordedStepState.Stopped,
    };
}
