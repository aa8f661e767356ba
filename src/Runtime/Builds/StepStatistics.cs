namespace Kleene.Build.Runtime.Builds;

/// <summary>What a step used, and what came of it. Null is what was not measured, or what this system does not count.</summary>
public sealed record StepStatistics
{
    /// <summary>Time that its processes spent on all processors together.</summary>
    public long? CpuMilliseconds { get; init; }

    /// <summary>The most memory that its processes had together, the files that the kernel kept in memory for them included.</summary>
    public long? PeakMemoryBytes { get; init; }

    /// <summary>Read from disks.</summary>
    public long? ReadBytes { get; init; }

    /// <summary>Written to disks before it ended; what was in memory then is not counted.</summary>
    public long? WrittenBytes { get; init; }

    /// <summary>Over the network.</summary>
    public long? ReceivedBytes { get; init; }

    public long? SentBytes { get; init; }

    public int? FilesAdded { get; init; }

    public int? FilesChanged { get; init; }

    public int? FilesRemoved { get; init; }

    /// <summary>In files that are new or other.</summary>
    public long? BytesAdded { get; init; }

    /// <summary>In files that are gone or were other.</summary>
    public long? BytesRemoved { get; init; }

    /// <summary>Of a cached step: how long it took when it ran.</summary>
    public long? SavedMilliseconds { get; init; }
}
