using System.Collections.Immutable;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>What running jails use and may use: all of it is in their control groups, and no runtime is asked.</summary>
public sealed partial class LinuxJailDriver
{
    /// <summary>The runtime takes the control groups away with what they have counted before it tells us of the end.</summary>
    public bool NeedsSupervisorForOutOfMemory => true;

    public Task<JailUsage?> MeasureAsync(string jailId, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(GroupUsage.Measure(host.Value.Groups, Bundle.At(bundles.Value, jailId).Id));
    }

    public Task<ImmutableArray<JailProcessStatus>> ListProcessesAsync(string jailId, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var found = ProcessStatus.Of(host.Value.Groups.ProcessesOf(Bundle.At(bundles.Value, jailId).Id));
        return found.IsEmpty ? throw new JailNotRunningException(jailId) : Task.FromResult(found);
    }

    public Task LimitAsync(string jailId, JailLimits before, JailLimits after, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (facts, groups) = host.Value;
        var id = Bundle.At(bundles.Value, jailId).Id;
        new LimitCheck(facts, groups).Check(after, []);
        if (groups.Of(id).Count == 0)
        {
            throw new JailNotRunningException(jailId);
        }

        new GroupLimits(groups, facts.CountsSwap, id).Change(before, after);
        return Task.CompletedTask;
    }
}
