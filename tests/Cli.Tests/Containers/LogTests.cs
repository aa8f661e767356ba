using System.Globalization;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests.Containers;

/// <summary>What real containers have printed: parts of it, and what is kept of much.</summary>
public sealed class LogTests : IAsyncLifetime
{
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

    /// <summary>It begins anew in the middle of lines, since what is printed comes in blocks.</summary>
    [JailFact]
    public async Task Of_more_than_fits_the_end_is_kept_in_whole_lines_and_whoever_follows_sees_all()
    {
        const int Lines = 300_000;
        await space.SucceedAsync(
            "create", "--name", "box", "--log-opt", "max-size=100k", "--log-opt", "max-file=2", "busybox", "sh", "-c", "i=0; while [ $i -lt 300 ]; do seq $((i * 1000 + 1)) $((i * 1000 + 1000)); i=$((i + 1)); usleep 20000; done");

        await space.SucceedAsync("start", "box");
        space.Shell($"seq 1 {Lines} > expected; {space.Command("logs", "-f", "box")} > followed; cmp expected followed");

        await space.SucceedAsync("wait", "box");
        var kept = (await space.SucceedAsync("logs", "box")).Split('\n')[..^1].Select(line => int.Parse(line, CultureInfo.InvariantCulture)).ToList();
        Assert.InRange(kept[0], 2, Lines);
        Assert.Equal(Enumerable.Range(kept[0], Lines - kept[0] + 1), kept);
        Assert.Equal("299999\n300000\n", await space.SucceedAsync("logs", "--tail", "2", "box"));
        Assert.InRange(Directory.GetFiles(Path.Join(space.StateRoot, "containers"), "log*", SearchOption.AllDirectories).Length, 2, 3);
        await space.SucceedAsync("rm", "box");
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_part_of_it_is_found_by_its_times_and_its_lines()
    {
        await space.SucceedAsync("run", "-d", "--name", "box", "busybox", "sh", "-c", "echo one; until [ -e /next ]; do usleep 10000; done; echo two; echo three >&2; printf four");
        await KleeneSpace.EventuallyAsync(async () => await space.SucceedAsync("logs", "box") == "one\n");
        await space.SucceedAsync("exec", "box", "touch", "/next");
        await space.SucceedAsync("wait", "box");

        var stamped = (await space.SucceedAsync("logs", "--timestamps", "box")).Split('\n');
        var times = stamped.Select(line => line.Split(' ')[0]).ToList();
        Assert.Equal(["one", "two", "four"], stamped.Select(line => line.Split(' ')[^1]));
        Assert.All(times, time => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$", time));
        Assert.Equal(times.Order(StringComparer.Ordinal), times);

        Assert.Equal("one\n", await space.SucceedAsync("logs", "--until", times[0], "box"));
        Assert.Equal("two\nfour", await space.SucceedAsync("logs", "--since", times[1], "box"));
        Assert.Equal("one\ntwo\nfour", await space.SucceedAsync("logs", "--since", "10m", "box"));
        Assert.Equal("", await space.SucceedAsync("logs", "--until", "10m", "box"));
        Assert.Equal(("two\nfour", "three\n"), await BothAsync("--tail", "2"));
        Assert.Equal(("two\nfour", "three\n"), await BothAsync("--tail", "9", "--since", times[1]));
        Assert.Equal(("", ""), await BothAsync("--tail", "0"));
        await space.SucceedAsync("rm", "box");
    }

    private async Task<(string Output, string Error)> BothAsync(params string[] options)
    {
        var result = await space.RunAsync(["logs", .. options, "box"]);
        return (result.Output, result.Error);
    }
}
