using System.Collections.Immutable;
using System.Globalization;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>What runs in jails, and how much of the machine it takes and may take.</summary>
public sealed partial class FreeBsdJailDriver
{
    /// <summary>Signals of this kernel (signal(3)), whatever the C library that we are linked against calls them.</summary>
    private const int Stop = 17;

    private const int Continue = 19;

    private bool? countsResources;

    public async Task<JailUsage?> MeasureAsync(string jailId, CancellationToken cancellationToken) =>
        DirectoryOf(jailId).Name is { } name && await CountsResourcesAsync(cancellationToken) && await ExistsAsync(name, cancellationToken)
            ? ResourceRules.ParseUsage(await processes.RunToolAsync(CommandLine.Of(FreeBsdTools.ResourceLimits, "-u", ResourceRules.SubjectOf(name)), cancellationToken))
            : null;

    public async Task<ImmutableArray<JailProcessStatus>> ListProcessesAsync(string jailId, CancellationToken cancellationToken)
    {
        var found = await ProcessesOfAsync(jailId, cancellationToken);
        return found.IsEmpty
            ? throw new JailNotRunningException(jailId)
            : [.. found.Select(process => new JailProcessStatus(process.Id, process.User, TimeSpan.Zero, process.Command))];
    }

    public async Task LimitAsync(string jailId, JailLimits before, JailLimits after, CancellationToken cancellationToken)
    {
        ResourceRules.RequireKnown(after);
        var directory = DirectoryOf(jailId);
        if (directory.Name is not { } name || !await ExistsAsync(name, cancellationToken))
        {
            throw new JailNotRunningException(jailId);
        }

        if (directory.HasLimits)
        {
            await processes.RunToolAsync(CommandLine.Of(FreeBsdTools.ResourceLimits, "-r", ResourceRules.SubjectOf(name)), cancellationToken);
        }

        await LimitAsync(directory, name, after, cancellationToken);
    }

    public async Task<bool> PauseAsync(string jailId, CancellationToken cancellationToken)
    {
        var running = await RunningOfAsync(jailId, cancellationToken);
        if (running.IsEmpty)
        {
            return false;
        }

        // Those that were started meanwhile by others that had not been stopped yet are met in the next round.
        for (; !running.IsEmpty; running = await RunningOfAsync(jailId, cancellationToken))
        {
            await SignalAsync(Stop, running, cancellationToken);
        }

        return true;
    }

    public async Task ResumeAsync(string jailId, CancellationToken cancellationToken)
    {
        var found = await ProcessesOfAsync(jailId, cancellationToken);
        if (found.IsEmpty)
        {
            throw new JailNotRunningException(jailId);
        }

        await SignalAsync(Continue, found.Select(process => process.Id), cancellationToken);
    }

    /// <summary>Rules may be given before there is a jail, and so hold from its first process on.</summary>
    private async Task LimitAsync(JailDirectory directory, string name, JailLimits limits, CancellationToken cancellationToken)
    {
        var rules = ResourceRules.Of(name, limits);
        if (rules.IsEmpty)
        {
            return;
        }

        if (!await CountsResourcesAsync(cancellationToken))
        {
            throw new JailStartException(
                JailStartFailure.Jail,
                $"limits cannot be held here: the kernel does not count what jails use; put '{ResourceRules.Switch}=1' into /boot/loader.conf and restart the machine, or leave the limits out");
        }

        directory.WriteLimits(rules);
        foreach (var rule in rules)
        {
            await processes.RunToolAsync(CommandLine.Of(FreeBsdTools.ResourceLimits, "-a", rule), cancellationToken);
        }
    }

    private async Task<bool> CountsResourcesAsync(CancellationToken cancellationToken) =>
        countsResources ??= (await processes.RunAsync(CommandLine.Of(FreeBsdTools.Sysctl, "-n", ResourceRules.Switch), ProcessOutput.Captured, cancellationToken)).Output.Trim() == "1";

    private async Task<ImmutableArray<int>> RunningOfAsync(string jailId, CancellationToken cancellationToken) =>
        [.. (await ProcessesOfAsync(jailId, cancellationToken)).Where(process => !process.State.StartsWith('T')).Select(process => process.Id)];

    /// <summary>None when there is no jail.</summary>
    private async Task<ImmutableArray<(int Id, string User, string State, string Command)>> ProcessesOfAsync(string jailId, CancellationToken cancellationToken)
    {
        if (DirectoryOf(jailId).Name is not { } name || !await ExistsAsync(name, cancellationToken))
        {
            return [];
        }

        // ps(1) exits with 1 when it has nothing to show.
        var result = await processes.RunAsync(CommandLine.Of(FreeBsdTools.ProcessList, "-J", name, "-o", RunningJails.ProcessColumns), ProcessOutput.Captured, cancellationToken);
        return RunningJails.ParseProcesses(result.Output);
    }

    /// <summary>One that has ended in between gets none, and kill(1) then fails: whoever cares looks again.</summary>
    private Task SignalAsync(int signal, IEnumerable<int> pids, CancellationToken cancellationToken) =>
        processes.RunAsync(
            new CommandLine(FreeBsdTools.Kill, [string.Create(CultureInfo.InvariantCulture, $"-{signal}"), .. pids.Select(pid => pid.ToString(CultureInfo.InvariantCulture))]),
            ProcessOutput.Captured,
            cancellationToken);
}
