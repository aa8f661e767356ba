using System.Text.Json;
using Kleene.Build.Testing;

namespace Kleene.Build.Cli.Tests.FreeBsd;

/// <summary>What a step of a profiled build used, as rctl(8) tells it.</summary>
[Collection(FreeBsdSpace.Collection)]
public sealed class FreeBsdProfileTests
{
    [RootFact]
    public async Task Rctl_is_asked_when_the_command_has_ended_and_before_its_jail_goes()
    {
        await using var space = await new FreeBsdSpace().WithBaseAsync();
        var context = space.Context("FROM base\nRUN make\n");

        await space.SucceedAsync("build", "-t", "app", "--network", "host", "--allow", "network.host", "--profile", Path.Join(context, "profile.json"), context);

        // The machine says so of every jail that is there, and has no more to say.
        var statistics = await StatisticsAsync(space);
        Assert.Equal(22_000, statistics.GetProperty("cpu_ms").GetInt64());
        Assert.False(statistics.TryGetProperty("peak_memory_bytes", out _));
        Assert.False(statistics.TryGetProperty("sent_bytes", out _));
        Assert.Empty(space.Machine.Remains);
    }

    [RootFact]
    public async Task A_kernel_that_does_not_count_leaves_it_out()
    {
        await using var space = await new FreeBsdSpace().WithBaseAsync();
        space.Machine.CountsResources = false;
        var context = space.Context("FROM base\nRUN make\n");

        await space.SucceedAsync("build", "-t", "app", "--network", "host", "--allow", "network.host", "--profile", Path.Join(context, "profile.json"), context);

        Assert.False((await StatisticsAsync(space)).TryGetProperty("cpu_ms", out _));
    }

    private static async Task<JsonElement> StatisticsAsync(FreeBsdSpace space)
    {
        var id = (await space.SucceedAsync("builds", "ls", "-q")).Split('\n')[0];
        using var build = JsonDocument.Parse(await space.SucceedAsync("builds", "inspect", id));
        return build.RootElement[0].GetProperty("history")[0].GetProperty("statistics").Clone();
    }
}
