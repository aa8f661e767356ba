namespace Kleene.Build.Runtime.Jails;

/// <summary>What all processes of a jail together use at a moment. Null is what this system does not count.</summary>
public sealed record JailUsage
{
    /// <summary>Without the files that the kernel keeps in memory as long as there is room.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The most that it ever had, those files included.</summary>
    public long? PeakMemoryBytes { get; init; }

    /// <summary>Null: the machine's memory.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>How many of its processes were killed because it had no more memory.</summary>
    public long? OutOfMemoryKills { get; init; }

    /// <summary>Time that its processes spent on all processors together.</summary>
    public TimeSpan? CpuTime { get; init; }

    /// <summary>Time in which it wanted to run and was kept from it by its limit.</summary>
    public TimeSpan? ThrottledTime { get; init; }

    /// <summary>Processes and threads.</summary>
    public long? Processes { get; init; }

    /// <summary>Null: the machine's.</summary>
    public long? ProcessLimit { get; init; }

    /// <summary>Read from disks.</summary>
    public long? ReadBytes { get; init; }

    /// <summary>Written to disks.</summary>
    public long? WrittenBytes { get; init; }

    /// <summary>Null where it shares the host's network.</summary>
    public long? ReceivedBytes { get; init; }

    public long? SentBytes { get; init; }
}

/// <summary>A process of a jail.</summary>
/// <param name="Id">Its number on the host.</param>
/// <param name="User">Its name in the jail, or its number there.</param>
/// <param name="Time">Time that it spent on processors.</param>
/// <param name="Command">With its arguments; in brackets where it has none.</param>
public sealed record JailProcessStatus(int Id, string User, TimeSpan Time, string Command);
