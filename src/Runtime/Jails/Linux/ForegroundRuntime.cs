using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Terminals;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>An OCI runtime that makes a jail, runs its first process and ends with it: the same as <see cref="Launching.Launcher"/>, for every jail.</summary>
internal sealed class ForegroundRuntime(IProcessRunner processes, Lazy<JailHost> host, Lazy<JailTools> tools)
{
    /// <exception cref="JailStartException">It could not be made, or there is no such command in it.</exception>
    public async Task<ExitStatus> RunAsync(PreparedJail jail, Bundle bundle, RootedDirectory tree, ProcessOutput output, CancellationToken cancellationToken)
    {
        var process = jail.Spec.Process;
        bundle.WriteConfig(tools.Value.Config.Write(jail.Spec, jail.User, TerminalWindow.SizeFor(process), bundle.Directory));
        using var window = process.Terminal ? TerminalWindow.Follow(bundle.ProcessIdFile) : null;
        var groups = host.Value.Groups;
        var meter = jail.Spec.Measured is null ? null : new JailMeter(groups, jail.Spec);
        try
        {
            var result = await KillableRun.RunAsync(processes, tools.Value.Runtime.Run(bundle), output, () => groups.Kill(bundle.Id), () => EndAsync(bundle.Id), cancellationToken);
            if (!result.Exit.Success)
            {
                await ThrowIfNotStartedAsync(result, bundle, tree, process);
            }

            await (meter?.TellAsync() ?? Task.CompletedTask);
            return result.Exit;
        }
        finally
        {
            tools.Value.Remains?.Remove(bundle.Id);
        }
    }

    /// <summary>
    /// Removes what the runtime keeps of a jail that it has ended making or running, and then what it does not know of: a runtime that was killed
    /// leaves control groups and processes behind that no other one has heard of.
    /// </summary>
    public async Task EndAsync(string id)
    {
        // Its success is not asked: a container that is not there is what was wanted.
        await processes.RunAsync(tools.Value.Runtime.Delete(id), ProcessOutput.Captured, CancellationToken.None);
        await host.Value.Groups.RemoveAsync(id);
    }

    private async Task ThrowIfNotStartedAsync(ProcessResult result, Bundle bundle, RootedDirectory tree, JailProcess process)
    {
        if (result.Exit.Signal != 0)
        {
            await EndAsync(bundle.Id);
            throw new JailStartException(JailStartFailure.Jail, $"the runtime '{tools.Value.Runtime.Name}' was ended by {result.Exit}, and '{bundle.Id}' with it");
        }

        // The first thing a runtime does is to open its log: without one it did not come so far, and all there is was said by it.
        var error = File.Exists(bundle.LogFile) ? RuntimeLog.LastError(bundle.LogFile) : result.Error.Trim();
        if (error is null)
        {
            return;
        }

        await EndAsync(bundle.Id);
        throw tools.Value.Runtime.StartFailure(error, bundle.Id, tree, process);
    }
}
