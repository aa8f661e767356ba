using System.Collections.Immutable;
using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Execution.Mounting;
using Kleene.Build.Builder.Profiling;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Space;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Builder.Execution;

/// <summary>RUN: clone, mount, run, keep.</summary>
internal sealed class RunStepRunner(SnapshotCatalog snapshots, IJailDriver jails, StepMounter mounter, BuildNetworks networks, SecretMask mask, StepMeasures? measures, BuildRequest request)
{
    /// <summary>The same on every machine, because programs write it into files.</summary>
    private const string Hostname = "build";

    public async Task<StepOutcome> RunAsync(
        BuildStep.Run step, StepPlace place, StepInput input, StepOrigins origins, IOutputSink output, CancellationToken cancellationToken)
    {
        using var masked = mask.Before(output);
        try
        {
            return await RunMaskedAsync(step, place, input, origins, masked, cancellationToken);
        }
        catch (KleeneException exception) when (mask.Apply(exception.Message) is var said && said != exception.Message)
        {
            // Without the exception that has the secret, which a debug log would show.
            throw new KleeneException(said);
        }
    }

    private async Task<StepOutcome> RunMaskedAsync(
        BuildStep.Run step, StepPlace place, StepInput input, StepOrigins origins, IOutputSink output, CancellationToken cancellationToken)
    {
        StepMounts mounts;
        try
        {
            using var traced = Tracer.Begin("mount");
            mounts = await mounter.MountAsync(step, place, origins, output, cancellationToken);
        }
        catch (KleeneException exception)
        {
            return new StepOutcome.Failed(null, mask.Apply(exception.Message));
        }

        await using var held = mounts;
        NetworkLease network;
        try
        {
            network = await NetworkAsync(step, cancellationToken);
        }
        catch (KleeneException exception)
        {
            return new StepOutcome.Failed(null, mask.Apply(exception.Message));
        }

        using var borrowed = network;
        await using var draft = await snapshots.DraftAsync(input.Parent, WorkspaceUse.BuildStep, cancellationToken);
        await using var script = await StepScript.WriteAsync(step, snapshots, cancellationToken);
        input.Space?.Enter(draft.Id);
        try
        {
            var exit = await jails.RunAsync(network.Network.Apply(Spec(step, place, draft, script, mounts)), ProcessOutput.To(output), cancellationToken);
            if (exit.Success)
            {
                return new StepOutcome.Built(await input.CommitAsync(draft, cancellationToken));
            }

            if (request.OutputOnFailure is { } directory)
            {
                StepReports.BringOut(step, draft.Path, directory, output, cancellationToken);
            }

            return new StepOutcome.Failed(exit, Explain(step, exit), await KeepAsync(draft, input.Space, cancellationToken));
        }
        catch (JailStartException exception) when (exception.Failure != JailStartFailure.Jail)
        {
            return new StepOutcome.Failed(new ExitStatus(exception.ExitCode), mask.Apply(exception.Message));
        }
    }

    private JailSpec Spec(BuildStep.Run step, StepPlace place, SnapshotDraft draft, StepScript script, StepMounts mounts) => new()
    {
        Id = draft.Id.ToString(),
        Root = draft.Path,
        Hostname = HostnameOf(step),
        Mounts = [.. script.Mounts, .. mounts.Mounts],
        Files = [.. mounts.Files],
        ExtraHosts = request.ExtraHosts,
        Limits = request.Limits,
        Ulimits = request.Ulimits,
        Parameters = request.JailParameters,
        IsPrivileged = step.IsInsecure,
        IsClosed = true,
        Measured = measures is null ? null : usage => measures.Note(place.Number, usage),
        Process = new JailProcess
        {
            Argv = step.Argv,
            Environment = [.. Without(mounts.SecretEnvironment.Concat(mounts.Environment), [.. step.Environment, .. step.ProxyEnvironment]), .. mounts.Environment],
            SecretEnvironment = [.. mounts.SecretEnvironment],
            User = step.User,
            WorkingDirectory = step.WorkingDirectory,
        },
    };

    /// <summary>What a mount gives takes the place of an entry of that name: of two, programs see the first.</summary>
    private static IEnumerable<string> Without(IEnumerable<string> given, ImmutableArray<string> environment)
    {
        var names = given.Select(entry => entry.Split('=')[0]).ToHashSet(StringComparer.Ordinal);
        return environment.Where(entry => !names.Contains(entry.Split('=')[0]));
    }

    private static string HostnameOf(BuildStep.Run step) => step.Hostname.Length > 0 ? step.Hostname : Hostname;

    private async Task<NetworkLease> NetworkAsync(BuildStep.Run step, CancellationToken cancellationToken) => NameOfNetwork(step) switch
    {
        "host" => NetworkLease.Of(JailNetwork.Host),
        "none" => NetworkLease.Of(JailNetwork.None),
        var name => await networks.BorrowAsync(name, HostnameOf(step), request.ExtraHosts, cancellationToken),
    };

    private string NameOfNetwork(BuildStep.Run step) => step.Network == Network.DefaultName ? request.Network : step.Network;

    private string Explain(BuildStep.Run step, ExitStatus exit)
    {
        var reason = exit.Signal == 0 ? $"the command exited with code {exit.Code}" : $"the command was killed by signal {exit.Signal}";
        return NameOfNetwork(step) switch
        {
            "none" => $"{reason}; it had no network, allow one with --network default if it needs it",
            "host" => reason,
            _ => networks.Barrier() is { } barrier ? $"{reason}; if it needed the network: {barrier}" : reason,
        };
    }

    /// <summary>The state of the files at the failure, for whoever wants to look. Its key is its own: it must never be a cache hit.</summary>
    private async Task<SnapshotId?> KeepAsync(SnapshotDraft draft, SpaceWatch? space, CancellationToken cancellationToken)
    {
        if (!request.KeepFailed)
        {
            return null;
        }

        try
        {
            return await draft.CommitAsync($"failed {draft.Id}", replace: false, space is null ? null : space.AdmitAsync, cancellationToken);
        }
        catch (StoreLimitException)
        {
            // That the command failed is the news; its files are more than may be kept.
            return null;
        }
    }
}
