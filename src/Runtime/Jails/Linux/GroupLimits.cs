using System.Globalization;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// Changes the bounds of a jail that runs, in the files of its control groups. The runtimes could too, by files of their own; but they differ in the
/// order of memory and swap, in taking a limit away, and in their errors.
/// </summary>
internal sealed class GroupLimits(ControlGroups groups, bool countsSwap, string id)
{
    private const string None = "-1";
    private const string UnifiedNone = "max";
    private const long UsualShares = 1024;

    /// <param name="before">What it has now.</param>
    /// <exception cref="KleeneException">The kernel does not take a limit; those before it have been changed.</exception>
    public void Change(JailLimits before, JailLimits after)
    {
        if ((before.MemoryBytes, before.MemoryAndSwapBytes) != (after.MemoryBytes, after.MemoryAndSwapBytes))
        {
            ChangeMemory(after);
        }

        if (before.MemoryReservationBytes != after.MemoryReservationBytes)
        {
            Write("memory", "memory.soft_limit_in_bytes", "memory.low", Text(after.MemoryReservationBytes, groups.IsUnified ? "0" : None));
        }

        if (before.Cpus != after.Cpus)
        {
            var quota = after.Cpus is { } cpus ? OciResources.Quota(cpus) : (long?)null;
            if (!groups.IsUnified)
            {
                Write("cpu", "cpu.cfs_period_us", "", Text(OciResources.CpuPeriodMicroseconds, None));
            }

            Write("cpu", "cpu.cfs_quota_us", "cpu.max", groups.IsUnified ? $"{Text(quota, UnifiedNone)} {OciResources.CpuPeriodMicroseconds}" : Text(quota, None));
        }

        if (before.CpuShares != after.CpuShares)
        {
            var shares = after.CpuShares ?? UsualShares;
            Write("cpu", "cpu.shares", "cpu.weight", Text(groups.IsUnified ? Weight(shares) : shares, None));
        }

        if (before.CpuSet != after.CpuSet)
        {
            // Version 1 has no word for all.
            var all = groups.IsUnified ? "\n" : string.Join(',', groups.Processors() ?? []);
            Write("cpuset", "cpuset.cpus", "cpuset.cpus", after.CpuSet.Length > 0 ? after.CpuSet : all);
        }

        if (before.Processes != after.Processes)
        {
            Write("pids", "pids.max", "pids.max", Text(after.Processes, UnifiedNone));
        }
    }

    /// <summary>As the runtimes turn shares (2 to 262144) into the weights of version 2 (1 to 10000).</summary>
    private static long Weight(long shares) => 1 + ((shares - 2) * 9999 / 262_142);

    private void ChangeMemory(JailLimits after)
    {
        var none = groups.IsUnified ? UnifiedNone : None;
        var both = after.MemoryAndSwapBytes == JailLimits.Unlimited ? null : after.MemoryAndSwapBytes ?? after.MemoryBytes;
        if (groups.IsUnified)
        {
            // The kernel would take a limit that is too low, and then kill.
            if (after.MemoryBytes is { } limit && GroupUsage.Measure(groups, id) is { MemoryBytes: { } used } && used > limit)
            {
                throw InUse(limit);
            }

            Write("memory", "", "memory.max", Text(after.MemoryBytes, none));
            if (countsSwap)
            {
                Write("memory", "", "memory.swap.max", Text(both - after.MemoryBytes, none));
            }

            return;
        }

        // Memory and swap together can never be less than memory.
        var isRaised = both is null || both >= long.Parse(File.ReadAllText(groups.FileOf(id, "memory", "memory.limit_in_bytes", "")), CultureInfo.InvariantCulture);
        if (countsSwap && isRaised)
        {
            Write("memory", "memory.memsw.limit_in_bytes", "", Text(both, none));
        }

        Write("memory", "memory.limit_in_bytes", "", Text(after.MemoryBytes, none));
        if (countsSwap && !isRaised)
        {
            Write("memory", "memory.memsw.limit_in_bytes", "", Text(both, none));
        }
    }

    private void Write(string controller, string version1, string version2, string value)
    {
        var file = groups.FileOf(id, controller, version1, version2);
        try
        {
            using var handle = File.OpenHandle(file, FileMode.Truncate, FileAccess.Write);
            RandomAccess.Write(handle, System.Text.Encoding.ASCII.GetBytes(value), fileOffset: 0);
        }
        catch (IOException exception) when (controller == "memory" && exception.HResult == Errno.EBUSY)
        {
            throw InUse(long.Parse(value, CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KleeneException($"the limit '{Path.GetFileName(file)}' of '{id}' cannot be set to '{value}': {exception.Message}", exception);
        }
    }

    private KleeneException InUse(long limit) =>
        new(string.Create(CultureInfo.InvariantCulture, $"the memory of '{id}' cannot be limited to {limit} bytes: more is in use, and it does not go away"));

    private static string Text(long? number, string none) => number?.ToString(CultureInfo.InvariantCulture) ?? none;
}
