using System.Diagnostics;
using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Profiling;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Space;

namespace Kleene.Build.Builder.Execution;

/// <summary>Gives each kind of step to who can do it.</summary>
/// <param name="run">Those of a command.</param>
/// <param name="copy">Those of files.</param>
/// <param name="workdir">Those of a directory.</param>
/// <param name="space">Keeps the store within its bound; null when it has none.</param>
/// <param name="measures">Where it is noted what came of them; null when nobody wants to know.</param>
internal sealed class StepRunners(RunStepRunner run, CopyStepRunner copy, WorkdirStepRunner workdir, SpaceGuard? space, StepMeasures? measures)
{
    public async Task<StepOutcome> RunAsync(StepPlace place, StepInput input, StepOrigins origins, IOutputSink output, CancellationToken cancellationToken)
    {
        measures?.Begin(place.Number);
        var outcome = space is null
            ? await StartAsync(place, input, origins, output, cancellationToken)
            : await StartAsync(space, place, input, origins, output, cancellationToken);
        measures?.End(place.Number, input.Parent, outcome);
        return outcome;
    }

    /// <summary>A step for which there is no room, or no more, has failed like any other.</summary>
    private async Task<StepOutcome> StartAsync(
        SpaceGuard guard, StepPlace place, StepInput input, StepOrigins origins, IOutputSink output, CancellationToken cancellationToken)
    {
        using var watch = guard.Watch(cancellationToken);
        try
        {
            await watch.AdmitAsync(cancellationToken);
            var outcome = await StartAsync(place, input with { Space = watch }, origins, output, watch.Token);
            return outcome is StepOutcome.Failed && watch.Refusal is { } late ? new StepOutcome.Failed(null, late.Message) : outcome;
        }
        catch (StoreLimitException exception)
        {
            return new StepOutcome.Failed(null, exception.Message);
        }
        catch (OperationCanceledException) when (watch.Refusal is not null && !cancellationToken.IsCancellationRequested)
        {
            return new StepOutcome.Failed(null, watch.Refusal.Message);
        }
    }

    private Task<StepOutcome> StartAsync(StepPlace place, StepInput input, StepOrigins origins, IOutputSink output, CancellationToken cancellationToken) => place.Step switch
    {
        BuildStep.Run step => run.RunAsync(step, place, input, origins, output, cancellationToken),
        BuildStep.Copy step => copy.RunAsync(step, place, input, origins[step.From].Snapshot, cancellationToken),
        BuildStep.Workdir step => workdir.RunAsync(step, input, cancellationToken),
        _ => throw new UnreachableException(),
    };
}
