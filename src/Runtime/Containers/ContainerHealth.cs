using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Runtime.Containers;

/// <summary>What is known of whether a container is well, as Docker counts it.</summary>
/// <param name="Status">What follows of all checks of this run.</param>
/// <param name="FailingStreak">How many checks in a row have failed.</param>
/// <param name="Log">The last checks, oldest first.</param>
public sealed record ContainerHealth(HealthStatus Status, int FailingStreak, ImmutableArray<HealthProbe> Log)
{
    private const int KeptProbes = 5;

    public static ContainerHealth Begin { get; } = new(HealthStatus.Starting, 0, []);

    /// <summary>
    /// What is known after one more check. A success makes it healthy; so many failures in a row unhealthy, but those of its start do not count
    /// until it has once been well.
    /// </summary>
    /// <param name="sinceStart">From the start of the container to that of the check.</param>
    public ContainerHealth After(HealthProbe probe, HealthSchedule schedule, TimeSpan sinceStart)
    {
        var log = Log.Length < KeptProbes ? Log.Add(probe) : [.. Log[1..], probe];
        if (probe.ExitCode == 0)
        {
            return new ContainerHealth(HealthStatus.Healthy, 0, log);
        }

        var counts = Status != HealthStatus.Starting || sinceStart >= schedule.StartPeriod;
        var streak = counts ? FailingStreak + 1 : FailingStreak;
        return new ContainerHealth(streak >= schedule.Retries ? HealthStatus.Unhealthy : Status, streak, log);
    }

    internal static ContainerHealth Parse(string json) =>
        JsonSerializer.Deserialize(json, HealthJson.Default.ContainerHealth) ?? throw new JsonException("a container's health is null");

    internal string ToJson() => JsonSerializer.Serialize(this, HealthJson.Default.ContainerHealth);
}

/// <param name="ExitCode">0 is well; -1 when the check took too long or could not be made.</param>
/// <param name="Output">The first 4096 bytes of what it printed.</param>
public sealed record HealthProbe(DateTimeOffset Start, DateTimeOffset End, int ExitCode, string Output);

public enum HealthStatus
{
    Starting,
    Healthy,
    Unhealthy,
}

/// <summary>What is done with a container that is not well any more.</summary>
public enum HealthAction
{
    None,

    /// <summary>Its first process is killed; its restart policy decides what then.</summary>
    Kill,
    Restart,
    Stop,
}

/// <summary>When a container is checked, with Docker's defaults for what is not said.</summary>
/// <param name="Interval">From the end of a check to the beginning of the next.</param>
/// <param name="Timeout">After which a check has failed.</param>
/// <param name="StartPeriod">In which failures do not count.</param>
/// <param name="StartInterval">Instead of the interval, in the start period.</param>
/// <param name="Retries">So many failures in a row.</param>
public sealed record HealthSchedule(TimeSpan Interval, TimeSpan Timeout, TimeSpan StartPeriod, TimeSpan StartInterval, int Retries)
{
    public static HealthSchedule Of(ImageHealthcheck check) => new(
        Time(check.Interval, 30), Time(check.Timeout, 30), Time(check.StartPeriod, 0), Time(check.StartInterval, 5), check.Retries > 0 ? check.Retries : 3);

    /// <summary>The pause before the next check.</summary>
    public TimeSpan PauseIn(HealthStatus status, TimeSpan sinceStart) => status == HealthStatus.Starting && sinceStart < StartPeriod ? StartInterval : Interval;

    private static TimeSpan Time(long nanoseconds, int standardSeconds) =>
        nanoseconds > 0 ? TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick) : TimeSpan.FromSeconds(standardSeconds);
}

[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(ContainerHealth))]
internal sealed partial class HealthJson : JsonSerializerContext;
