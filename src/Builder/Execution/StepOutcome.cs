using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>What a step came to. A command that fails is an answer, not an accident.</summary>
internal abstract record StepOutcome
{
    private StepOutcome()
    {
    }

    public sealed record Built(SnapshotId Snapshot) : StepOutcome;

    /// <param name="Exit">Null when nothing was run.</param>
    /// <param name="Message">Why, in a sentence.</param>
    /// <param name="Dirty">The files as they were when it failed; null when nothing was kept.</param>
    public sealed record Failed(ExitStatus? Exit, string Message, SnapshotId? Dirty = null) : StepOutcome;
}
