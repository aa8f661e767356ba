using System.Diagnostics;
using Kleene.Build.Builder.Events;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Builder.Execution;

/// <summary>Gives each kind of step to who can do it.</summary>
internal sealed class StepRunners(RunStepRunner run, CopyStepRunner copy, WorkdirStepRunner workdir)
{
    public Task<StepOutcome> RunAsync(
        StepPlace place, StepInput input, StepOrigins origins, IOutputSink output, CancellationToken cancellationToken) => place.Step switch
    {
        BuildStep.Run step => run.RunAsync(step, place, input, origins, output, cancellationToken),
        BuildStep.Copy step => copy.RunAsync(step, place, input, origins[step.From].Snapshot, cancellationToken),
        BuildStep.Workdir step => workdir.RunAsync(step, input, cancellationToken),
        _ => throw new UnreachableException(),
    };
}
