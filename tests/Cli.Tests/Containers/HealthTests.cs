using System.Text.Json;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests.Containers;

/// <summary>Health checks of real containers: what is seen of them, and what is done about those that are not well.</summary>
public sealed class HealthTests : IAsyncLifetime
{
    /// <summary>Well from the beginning until somebody takes the file away; each run says so.</summary>
    private static readonly string[] Service = ["busybox", "sh", "-c", "echo up; touch /well; exec sleep 1000"];

    private readonly KleeneSpace space = new();

    public async Task InitializeAsync()
    {
        if (new JailFactAttribute().Skip is null)
        {
            await space.WithBusyboxAsync();
        }
    }

    public Task DisposeAsync()
    {
        space.Dispose();
        return Task.CompletedTask;
    }

    [JailFact]
    public async Task It_starts_becomes_healthy_unhealthy_and_healthy_again()
    {
        await RunAsync("none", ["--health-start-period", "1h", "--health-start-interval", "100ms"], ["busybox", "sleep", "1000"]);

        // Failures in the start period are written down and do not count.
        await UntilAsync(health => health.GetProperty("log").GetArrayLength() >= 3);
        var starting = await HealthAsync();
        Assert.Equal(("starting", 0), (starting.GetProperty("status").GetString(), starting.GetProperty("failingStreak").GetInt32()));
        Assert.Equal("running (starting)\n", await space.SucceedAsync("ps", "--format", "{{.status}}"));

        await space.SucceedAsync("exec", "box", "touch", "/well");
        await StatusAsync("running (healthy)");
        var last = (await HealthAsync()).GetProperty("log").EnumerateArray().Last();
        Assert.Equal((0, "fine\n"), (last.GetProperty("exitCode").GetInt32(), last.GetProperty("output").GetString()));

        await space.SucceedAsync("exec", "box", "rm", "/well");
        await StatusAsync("running (unhealthy)");
        Assert.InRange((await HealthAsync()).GetProperty("failingStreak").GetInt32(), 2, int.MaxValue);
        Assert.Equal("box\n", await space.SucceedAsync("ps", "-f", "health=unhealthy", "--format", "{{.name}}"));

        await space.SucceedAsync("exec", "box", "touch", "/well");
        await StatusAsync("running (healthy)");
        await RemoveAsync();
    }

    [JailFact]
    public async Task Without_an_action_it_goes_on()
    {
        await RunAsync("none", [], Service);
        await FallIllAsync();

        await StatusAsync("running (unhealthy)");

        Assert.Equal("up\n", await space.SucceedAsync("logs", "box"));
        await RemoveAsync();
    }

    [JailFact]
    public async Task It_is_stopped_and_no_policy_brings_it_back()
    {
        await RunAsync("stop", ["--restart", "always", "--stop-timeout", "0"], Service);
        await FallIllAsync();

        await StatusAsync("exited (137)");

        var health = await HealthAsync();
        Assert.Equal(("unhealthy", 2), (health.GetProperty("status").GetString(), health.GetProperty("failingStreak").GetInt32()));
        Assert.Equal("up\n", await space.SucceedAsync("logs", "box"));
        await RemoveAsync();
    }

    [JailFact]
    public async Task It_is_killed_and_its_policy_decides()
    {
        await RunAsync("kill", ["--restart", "on-failure:1"], Service);
        await FallIllAsync();

        await KleeneSpace.EventuallyAsync(async () => await space.SucceedAsync("ps", "--format", "{{.status}} {{.restarts}}") == "running (healthy) 1\n");
        await space.SucceedAsync("exec", "box", "rm", "/well");

        await StatusAsync("exited (137)");
        Assert.Equal("up\nup\n", await space.SucceedAsync("logs", "box"));
        await RemoveAsync();
    }

    [JailFact]
    public async Task It_is_started_anew_and_watched_again()
    {
        await RunAsync("restart", ["--stop-timeout", "0"], Service);
        foreach (var lives in (string[])["up\nup\n", "up\nup\nup\n"])
        {
            await FallIllAsync();
            await KleeneSpace.EventuallyAsync(async () => await space.SucceedAsync("logs", "box") == lives);
        }

        await StatusAsync("running (healthy)");
        await RemoveAsync();
    }

    /// <summary>With all that it has started: a check every second that leaves a process behind would fill the container.</summary>
    [JailFact]
    public async Task A_check_that_takes_too_long_has_failed_and_is_ended()
    {
        await space.SucceedAsync(
            "run", "-d", "--name", "box", "--health-cmd", "sleep 777; true", "--health-timeout", "200ms", "--health-interval", "100ms", "--health-retries", "2", "busybox", "sleep", "1000");

        await StatusAsync("running (unhealthy)");

        var first = (await HealthAsync()).GetProperty("log")[0];
        Assert.Equal((-1, "the check took longer than 0.2 s"), (first.GetProperty("exitCode").GetInt32(), first.GetProperty("output").GetString()));
        await UntilAsync(health => health.GetProperty("failingStreak").GetInt32() > 5);
        // At most the one that is being made, a shell and its child.
        Assert.InRange((await space.SucceedAsync("top", "box")).Split("sleep 777").Length - 1, 0, 2);
        await RemoveAsync();
    }

    [JailFact]
    public async Task A_check_that_cannot_be_made_has_failed_and_says_why()
    {
        await space.BuildAsync(space.Context("FROM busybox\nHEALTHCHECK --interval=100ms --retries=1 CMD [\"no-such-check\"]\nCMD [\"sleep\", \"1000\"]\n"), "app");
        await space.SucceedAsync("run", "-d", "--name", "box", "app");

        await StatusAsync("running (unhealthy)");

        Assert.Contains("'no-such-check'", (await HealthAsync()).GetProperty("log")[0].GetProperty("output").GetString(), StringComparison.Ordinal);
        await RemoveAsync();
    }

    private Task<string> RunAsync(string action, string[] options, string[] command) => space.SucceedAsync(
        ["run", "-d", "--name", "box", "--health-cmd", "test -e /well && echo fine", "--health-interval", "100ms", "--health-retries", "2", "--health-on-failure", action, .. options, .. command]);

    private async Task FallIllAsync()
    {
        await StatusAsync("running (healthy)");
        await space.SucceedAsync("exec", "box", "rm", "/well");
    }

    private Task StatusAsync(string status) => KleeneSpace.EventuallyAsync(async () => await space.SucceedAsync("ps", "-a", "--format", "{{.status}}") == $"{status}\n");

    private Task UntilAsync(Func<JsonElement, bool> holds) => KleeneSpace.EventuallyAsync(async () => holds(await HealthAsync()));

    private async Task<JsonElement> HealthAsync()
    {
        using var details = JsonDocument.Parse(await space.SucceedAsync("inspect", "box"));
        return details.RootElement[0].GetProperty("health").Clone();
    }

    /// <summary>Nothing that has watched it stays.</summary>
    private async Task RemoveAsync()
    {
        await space.SucceedAsync("rm", "-f", "box");
        await space.AssertCleanAsync();
        await KleeneSpace.EventuallyAsync(() => Task.FromResult(space.Shell($"pgrep -f -- '[-]-root {space.StateRoot} .*container watch' || true").Length == 0));
    }
}
