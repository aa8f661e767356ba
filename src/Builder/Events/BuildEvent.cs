using Kleene.Build.Builder.Profiling;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Space;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Events;

/// <summary>What happens in a build, in the order in which it happens. Printers turn it into words; the engine knows none of them.</summary>
public abstract record BuildEvent
{
    private BuildEvent()
    {
    }

    /// <summary>Something the author of the Kleenefile should know. With an error among them nothing else follows but <see cref="Failed"/>.</summary>
    public sealed record Diagnosed(Diagnostic Diagnostic) : BuildEvent;

    /// <param name="Total">How many steps the needed stages have.</param>
    /// <param name="Build">The id under which the build is written down.</param>
    public sealed record Started(string Target, int Total, string Build = "") : BuildEvent;

    /// <summary>The build could not be written down, or not all of it. What it makes is not touched by that.</summary>
    public sealed record Unrecorded(string Reason) : BuildEvent;

    public sealed record StepStarted(StepPlace Step) : BuildEvent;

    /// <summary>The same step is running in another stage or build, which is waited for: then comes that it is cached, or it runs after all.</summary>
    public sealed record StepWaiting(StepPlace Step) : BuildEvent;

    /// <summary>A line that the command printed.</summary>
    public sealed record StepOutput(StepPlace Step, OutputKind Kind, string Line) : BuildEvent;

    /// <summary>The step has been done before; its snapshot is reused.</summary>
    public sealed record StepCached(StepPlace Step, SnapshotId Snapshot) : BuildEvent;

    public sealed record StepCompleted(StepPlace Step, SnapshotId Snapshot, TimeSpan Duration) : BuildEvent;

    /// <param name="Exit">How the command ended; null when it could not be started or the files could not be copied.</param>
    /// <param name="Message">Why, in a sentence.</param>
    /// <param name="LastGood">The snapshot before the step, when there is one.</param>
    public sealed record StepFailed(StepPlace Step, ExitStatus? Exit, string Message, SnapshotId? LastGood, TimeSpan Duration) : BuildEvent;

    /// <summary>Snapshots of the cache were given up, so that the store keeps within its bound.</summary>
    public sealed record Evicted(Eviction Eviction) : BuildEvent;

    /// <summary>All steps have ended, and this is what they took. Only when it was asked for.</summary>
    public sealed record Profiled(BuildProfile Profile) : BuildEvent;

    public sealed record Completed(Image Image, TimeSpan Duration) : BuildEvent;

    /// <summary>The build ended without an image.</summary>
    /// <param name="Kept">The image that holds what was made so far; null when nothing was kept.</param>
    /// <param name="Snapshot">Its last snapshot.</param>
    public sealed record Failed(string Message, Image? Kept, SnapshotId? Snapshot, TimeSpan Duration) : BuildEvent;
}

/// <summary>A step and where it stands among those of the build.</summary>
/// <param name="Number">From 1, in the order of the file, over the stages that are needed.</param>
public sealed record StepPlace(int Number, int Total, PlannedStage Stage, BuildStep Step);
