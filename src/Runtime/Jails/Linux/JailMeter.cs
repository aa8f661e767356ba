using Kleene.Build.Runtime.Networks.Linux;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// Tells what a jail used. When a jail ends, its runtime removes its control group, and the counters with it. So the group of a jail that is measured
/// lies in another one, of which the runtime knows nothing: what it counts is the sum of those below, also of those that were.
/// </summary>
internal sealed class JailMeter
{
    private readonly ControlGroups groups;
    private readonly JailSpec spec;
    private readonly (long Received, long Sent)? before;

    /// <summary>To be made before the jail is: a network stack that is lent has a past.</summary>
    public JailMeter(ControlGroups groups, JailSpec spec)
    {
        this.groups = groups;
        this.spec = spec;
        before = Traffic(spec.Network);
    }

    /// <summary>To be called when the jail has ended. Removes what it was measured by.</summary>
    public async Task TellAsync()
    {
        using var traced = Tracer.Begin("measure");
        if (GroupUsage.Measure(groups, spec.Id) is { } usage)
        {
            var after = before is null ? null : Traffic(spec.Network);
            spec.Measured?.Invoke(usage with { ReceivedBytes = after?.Received - before?.Received, SentBytes = after?.Sent - before?.Sent });
        }

        await groups.RemoveAsync(spec.Id);
    }

    /// <summary>What went through a stack of the jail's own. One that it shares with the host has everybody's traffic, one without a connection none.</summary>
    private static (long Received, long Sent)? Traffic(JailNetwork network) => network switch
    {
        JailNetwork.Joined joined => NetworkNamespace.In(joined.Stack, () => NetworkTraffic.Sum(File.ReadLines("/proc/thread-self/net/dev"))),
        _ when network == JailNetwork.None => (0, 0),
        _ => null,
    };
}
