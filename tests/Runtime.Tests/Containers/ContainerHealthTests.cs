using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Containers;

/// <summary>Docker's state machine, check by check: <c>+</c> is well, <c>-</c> is not.</summary>
public sealed class ContainerHealthTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData("", "Starting 0")]
    [InlineData("+", "Healthy 0")]
    [InlineData("-", "Starting 1")]
    [InlineData("--", "Starting 2")]
    [InlineData("---", "Unhealthy 3")]
    [InlineData("----", "Unhealthy 4")]
    [InlineData("+--", "Healthy 2")]
    [InlineData("+---", "Unhealthy 3")]
    [InlineData("--+--", "Healthy 2")]
    [InlineData("---+", "Healthy 0")]
    public void So_many_failures_in_a_row_are_an_illness_and_one_success_heals_it(string checks, string expected) =>
        Assert.Equal(expected, After(checks, new ImageHealthcheck { Test = ["CMD", "x"] }));

    /// <summary>A check a second; what begins in the first three does not count, until it was well once.</summary>
    [Theory]
    [InlineData("---", "Starting 0")]
    [InlineData("----", "Starting 1")]
    [InlineData("-----", "Unhealthy 2")]
    [InlineData("+-", "Healthy 1")]
    [InlineData("+--", "Unhealthy 2")]
    public void Failures_of_the_start_do_not_count(string checks, string expected) =>
        Assert.Equal(expected, After(checks, new ImageHealthcheck { Test = ["CMD", "x"], StartPeriod = 3_000_000_000, Retries = 2 }));

    [Fact]
    public void The_last_five_checks_are_kept()
    {
        var health = ContainerHealth.Begin;
        for (var i = 0; i < 7; i++)
        {
            health = health.After(new HealthProbe(Start, Start, i, $"said {i}"), HealthSchedule.Of(new ImageHealthcheck()), TimeSpan.Zero);
        }

        Assert.Equal([2, 3, 4, 5, 6], health.Log.Select(probe => probe.ExitCode));
        Assert.Equal("said 6", ContainerHealth.Parse(health.ToJson()).Log[^1].Output);
    }

    [Fact]
    public void What_is_not_said_is_as_docker_has_it() =>
        Assert.Equal(
            new HealthSchedule(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30), TimeSpan.Zero, TimeSpan.FromSeconds(5), 3),
            HealthSchedule.Of(new ImageHealthcheck { Test = ["CMD", "x"] }));

    [Theory]
    [InlineData(HealthStatus.Starting, 0, 5)]
    [InlineData(HealthStatus.Starting, 59, 5)]
    [InlineData(HealthStatus.Starting, 60, 30)]
    [InlineData(HealthStatus.Healthy, 0, 30)]
    [InlineData(HealthStatus.Unhealthy, 0, 30)]
    public void It_is_checked_more_often_while_it_starts(HealthStatus status, int sinceStart, int pause)
    {
        var schedule = HealthSchedule.Of(new ImageHealthcheck { StartPeriod = 60_000_000_000 });

        Assert.Equal(TimeSpan.FromSeconds(pause), schedule.PauseIn(status, TimeSpan.FromSeconds(sinceStart)));
    }

    private static string After(string checks, ImageHealthcheck check)
    {
        var health = ContainerHealth.Begin;
        for (var i = 0; i < checks.Length; i++)
        {
            var time = TimeSpan.FromSeconds(i);
            health = health.After(new HealthProbe(Start + time, Start + time, checks[i] == '+' ? 0 : 1, ""), HealthSchedule.Of(check), time);
        }

        return $"{health.Status} {health.FailingStreak}";
    }
}
