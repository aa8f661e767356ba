using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>RUN: clone, run, keep.</summary>
internal sealed class RunStepRunner(SnapshotCatalog snapshots, IJailDriver jails, BuildRequest request)
{
    /// <summary>The same on every machine, because programs write it into files.</summary>
    private const string Hostname = "build";

    public async Task<StepOutcome> RunAsync(BuildStep.Run step, StepInput input, IOutputSink output, CancellationToken cancellationToken)
    {
        await using var draft = await snapshots.DraftAsync(input.Parent, WorkspaceUse.BuildStep, cancellationToken);
        await using var script = await StepScript.WriteAsync(step, snapshots, cancellationToken);
        try
        {
            var exit = await jails.RunAsync(Spec(step, draft, script), ProcessOutput.To(output), cancellationToken);
            return exit.Success
                ? new StepOutcome.Built(await draft.CommitAsync(input.Key, input.Replace, cancellationToken))
                : new StepOutcome.Failed(exit, Explain(step, exit), await KeepAsync(draft, cancellationToken));
        }
        catch (JailStartException exception) when (exception.Failure != JailStartFailure.Jail)
        {
            return new StepOutcome.Failed(new ExitStatus(exception.ExitCode), exception.Message);
        }
    }

    private JailSpec Spec(BuildStep.Run step, SnapshotDraft draft, StepScript script) => new()
    {
        Id = draft.Id.ToString(),
        Root = draft.Path,
        Hostname = Hostname,
        Network = Network(step),
        Mounts = script.Mounts,
        ExtraHosts = request.ExtraHosts,
        Limits = request.Limits,
        Process = new JailProcess
        {
            Argv = step.Argv,
            Environment = [.. step.Environment, .. step.ProxyEnvironment],
            User = step.User,
            WorkingDirectory = step.WorkingDirectory,
        },
    };

    private JailNetwork Network(BuildStep.Run step) => step.Network switch
    {
        "default" => request.Network,
        "host" => JailNetwork.Host,
        "none" => JailNetwork.None,
        _ => throw new KleeneException($"network '{step.Network}' does not exist; a RUN has 'default', 'none' or 'host'"),
    };

    private string Explain(BuildStep.Run step, ExitStatus exit)
    {
        var reason = exit.Signal == 0 ? $"the command exited with code {exit.Code}" : $"the command was killed by signal {exit.Signal}";
        return Network(step) == JailNetwork.None ? $"{reason}; it had no network, allow one with --network host if it needs it" : reason;
    }

    /// <summary>The state of the files at the failure, for whoever wants to look. Its key is its own: it must never be a cache hit.</summary>
    private async Task<SnapshotId?> KeepAsync(SnapshotDraft draft, CancellationToken cancellationToken) =>
        request.KeepFailed ? await draft.CommitAsync($"failed {draft.Id}", replace: false, cancellationToken) : null;
}
