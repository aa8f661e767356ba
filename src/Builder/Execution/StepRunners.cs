using System.Diagnostics;
using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Profiling;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Builder.Execution;

/// <summary>Gives each kind of step to who can do it.</summary>
/// <param name="run">Those of a command.</param>
/// <param name="copy">Those of files.</param>
/// <param name="workdir">Those of a directory.</param>
/// <param name="measures">Where it is noted what came of them; null when nobody wants to know.</param>
internal sealed class StepRunners(RunStepRunner run, CopyStepRunner copy, WorkdirStepRunner workdir, StepMeasures? measures)
{
    public async Task<StepOutcome> RunAsync(StepPlace place, StepInput input, StepOrigins origins, IOutputSink output, CancellationToken cancellationToken)
    {
        measures?.Begin(place.Number);
        var outcome = await StartAsync(place, input, origins, output, cancellationToken);
        measures?.End(place.Number, input.Parent, outcome);
        return outcome;
    }

    private Task<StepOutcome> StartAsync(StepPlace place, StepInput input, StepOrigins origins, IOutputSink output, CancellationToken cancellationToken) => place.Step switch
    {
        BuildStep.Run step => run.RunAsync(step, place, input, origins, output, cancellationToken),
        BuildStep.Copy step => copy.RunAsync(step, place, input, origins[step.From].Snapshot, cancellationToken),
        BuildStep.Workdir step => workdir.RunAsync(step, input, cancellationToken),
        _ => throw new UnreachableException(),
    };
}
