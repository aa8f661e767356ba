using System.Collections.Immutable;
using System.Globalization;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// Whether this machine can hold a jail to its limits. What it cannot is an error that names the reason: a runtime says it in terms of files, or
/// does without.
/// </summary>
internal sealed class LimitCheck(HostFacts host, ControlGroups groups)
{
    /// <summary>CAP_SYS_RESOURCE: to go beyond one's own bounds.</summary>
    private const ulong Resource = 1ul << 24;

    /// <summary>In the order of their numbers (sys/resource.h).</summary>
    public static readonly ImmutableArray<string> Resources =
    [
        "cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime",
    ];

    /// <exception cref="JailStartException">It cannot.</exception>
    public void Check(JailLimits limits, ImmutableArray<JailUlimit> ulimits)
    {
        if (limits.HasBounds)
        {
            CheckMemory(limits);
            CheckProcessors(limits);
            Require(limits.Processes is not null, "pids", "the number of processes");
            CheckDisks(limits);
        }

        CheckScore(limits.OutOfMemoryScore);
        foreach (var ulimit in ulimits)
        {
            CheckUlimit(ulimit);
        }
    }

    private void CheckMemory(JailLimits limits)
    {
        Require(limits is not { MemoryBytes: null, MemoryReservationBytes: null, MemoryAndSwapBytes: null }, "memory", "memory");
        if (limits.MemoryAndSwapBytes is not null && !host.CountsSwap)
        {
            throw Impossible("swap cannot be limited here: the kernel does not count it; boot it with 'swapaccount=1', or leave the limit of swap out");
        }
    }

    private void CheckProcessors(JailLimits limits)
    {
        Require(limits is not { Cpus: null, CpuShares: null }, "cpu", "processors");
        Require(limits.CpuSet.Length > 0, "cpuset", "which processors are used");
        if (limits is { Cpus: null, CpuSet: "" } || groups.Processors() is not { } there)
        {
            return;
        }

        if (limits.Cpus > there.Count)
        {
            throw Impossible(string.Create(CultureInfo.InvariantCulture, $"{limits.Cpus} processors were asked for, and this machine has {there.Count}"));
        }

        var missing = limits.CpuSet.Length == 0 ? [] : CpuList.Parse(limits.CpuSet).Except(there);
        if (missing.Count > 0)
        {
            throw Impossible($"there is no processor {missing[0]} here; there are {string.Join(',', there)}");
        }
    }

    private void CheckDisks(JailLimits limits)
    {
        Require(!limits.DeviceRates.IsEmpty, "io", "input and output");
        foreach (var rate in limits.DeviceRates.Where(rate => !DeviceNode.Find(rate.Device).IsBlock))
        {
            throw Impossible($"'{rate.Device}' is not a disk: only block devices have limits of input and output");
        }
    }

    private void CheckScore(int? score)
    {
        if (score is { } wanted && (host.BoundingCapabilities & Resource) == 0
            && int.Parse(File.ReadAllText("/proc/self/oom_score_adj"), CultureInfo.InvariantCulture) is var own && wanted < own)
        {
            throw Impossible(string.Create(CultureInfo.InvariantCulture, $"the out-of-memory score cannot be set to {wanted}: without CAP_SYS_RESOURCE it can only be raised, from {own} here"));
        }
    }

    private void CheckUlimit(JailUlimit ulimit)
    {
        if ((host.BoundingCapabilities & Resource) == 0
            && NativeMethods.getrlimit(Resources.IndexOf(ulimit.Name), out var own) == 0 && (ulimit.Hard ?? ulong.MaxValue) > own.Hard)
        {
            throw Impossible($"the limit '{ulimit.Name}' cannot be raised to {ulimit.Hard?.ToString(CultureInfo.InvariantCulture) ?? "unlimited"}: without CAP_SYS_RESOURCE it stays within this process's own, {own.Hard}");
        }
    }

    private void Require(bool isLimited, string controller, string what)
    {
        if (isLimited && !groups.HasController(controller))
        {
            throw Impossible($"{what} cannot be limited here: the control group controller '{(host.Cgroups == CgroupLayout.Unified || controller != "io" ? controller : "blkio")}' is not there; mount it, enable it in the kernel, or leave that limit out");
        }
    }

    private static JailStartException Impossible(string message) => new(JailStartFailure.Jail, message);
}
