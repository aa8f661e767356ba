using System.Diagnostics;
using Kleene.Build.Builder.Events;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>Gives each kind of step to who can do it.</summary>
internal sealed class StepRunners(RunStepRunner run, CopyStepRunner copy, WorkdirStepRunner workdir)
{
    /// <param name="origin">The tree that a copy from a stage or an image reads.</param>
    public Task<StepOutcome> RunAsync(
        StepPlace place, StepInput input, SnapshotId? origin, IOutputSink output, CancellationToken cancellationToken) => place.Step switch
    {
        BuildStep.Run step => run.RunAsync(step, input, output, cancellationToken),
        BuildStep.Copy step => copy.RunAsync(step, place, input, origin, cancellationToken),
        BuildStep.Workdir step => workdir.RunAsync(step, input, cancellationToken),
        _ => throw new UnreachableException(),
    };
}
