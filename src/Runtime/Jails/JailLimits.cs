using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Kleene.Build.Runtime.Jails;

/// <summary>How much of the machine all processes of a jail together may take; null leaves the host's bounds.</summary>
/// <param name="MemoryBytes">Memory; without swap, unless <see cref="MemoryAndSwapBytes"/> says how much.</param>
/// <param name="Cpus">Processors, fractions allowed.</param>
/// <param name="Processes">Processes and threads at a time.</param>
/// <remarks>As in a container's specification, the accessors give what a stored one lacks.</remarks>
public sealed record JailLimits(long? MemoryBytes = null, double? Cpus = null, long? Processes = null)
{
    /// <summary>For <see cref="MemoryAndSwapBytes"/>: as much swap as the host has.</summary>
    public const long Unlimited = -1;

    public static JailLimits None { get; } = new();

    /// <summary>What it is pressed back to when the machine runs short.</summary>
    public long? MemoryReservationBytes { get; init; }

    /// <summary>Memory and swap together, or <see cref="Unlimited"/>.</summary>
    public long? MemoryAndSwapBytes { get; init; }

    /// <summary>Its part of the processors when all are busy, against 1024 of the others.</summary>
    public long? CpuShares { get; init; }

    /// <summary>The processors that it may run on, as a <see cref="CpuList"/>; all when empty.</summary>
    public string CpuSet { get; init => field = value ?? ""; } = "";

    /// <summary>Bounds of what it reads from and writes to disks.</summary>
    public ImmutableArray<JailDeviceRate> DeviceRates { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>The size of <c>/dev/shm</c>; 64 MiB when null. It counts as memory.</summary>
    public long? SharedMemoryBytes { get; init; }

    /// <summary>From -1000, never, to 1000, first: whether its processes are killed when the machine is out of memory (proc(5), oom_score_adj).</summary>
    public int? OutOfMemoryScore { get; init; }

    /// <summary>Whether any of them is one that the jail's control group holds.</summary>
    [JsonIgnore]
    public bool HasBounds =>
        this is not { MemoryBytes: null, Cpus: null, Processes: null, MemoryReservationBytes: null, MemoryAndSwapBytes: null, CpuShares: null, CpuSet: "", DeviceRates.IsEmpty: true };
}

/// <summary>A bound of what is read from or written to a disk in a second.</summary>
/// <param name="Device">The absolute path of its node on the host.</param>
/// <param name="Kind">What is counted.</param>
/// <param name="PerSecond">Bytes or operations.</param>
public sealed record JailDeviceRate(string Device, DeviceRateKind Kind, long PerSecond);

/// <summary>What a <see cref="JailDeviceRate"/> counts.</summary>
public enum DeviceRateKind
{
    ReadBytes,
    WriteBytes,
    ReadOperations,
    WriteOperations,
}
