using System.Globalization;
using System.Text.Json;
using Kleene.Build.Testing.Jails;
using Kleene.Build.Testing.Storage;

namespace Kleene.Build.Cli.Tests;

/// <summary><c>kleene system set max-size=…</c>, and images that are pinned.</summary>
[Collection(ZfsTests.Name)]
public sealed class StoreBoundTests(ZfsPool zfs, BtrfsFileSystem btrfs) : IClassFixture<BtrfsFileSystem>, IDisposable
{
    private const long Megabyte = 1_000_000;

    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_store_keeps_within_its_bound_by_what_the_cache_can_do_without()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context(Kleenefile(1)), "pinned");
        await space.SucceedAsync("image", "pin", "pinned");
        await space.SucceedAsync("tag", "busybox", "taken");
        await space.BuildAsync(space.Context(Kleenefile(2)), "kept");
        await space.BuildAsync(space.Context(Kleenefile(9)), "pinned");
        var bound = Taken(space) + (25 * Megabyte);
        Assert.Contains("max-size: ", await space.SucceedAsync("system", "set", $"max-size={bound}"), StringComparison.Ordinal);

        var said = new List<string>();
        for (var i = 10; i < 16; i++)
        {
            said.Add(await space.BuildAsync(space.Context(Kleenefile(i)), "app"));
            Assert.InRange(Taken(space), 0, bound);
        }

        Assert.DoesNotContain("evicted", said[0], StringComparison.Ordinal);
        Assert.Matches(@"(?m)^evicted \d+ steps?, \d+(\.\d+)?MB, to keep within max-size \d+(\.\d+)?MB$", said[^1]);
        var images = await space.SucceedAsync("image", "ls", "--format", "json");
        using var json = JsonDocument.Parse(images);
        Assert.Equal(["busybox", "kept", "pinned", "taken"], json.RootElement.EnumerateArray().Select(image => image.GetProperty("name").GetString()).Where(name => name is not ("" or "app")).Order());
        Assert.Equal([""], json.RootElement.EnumerateArray().Where(image => image.GetProperty("pinned").GetBoolean()).Select(image => image.GetProperty("name").GetString()));
        Assert.Equal("1\n", await space.SucceedAsync("run", "--rm", PinnedId(json), "cat", "/number"));
        Assert.Equal("2\n", await space.SucceedAsync("run", "--rm", "kept", "cat", "/number"));
        Assert.Contains("--> Using cache", await space.BuildAsync(space.Context(Kleenefile(15)), "app"), StringComparison.Ordinal);
        Assert.Contains("all is well", await space.SucceedAsync("system", "check"), StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task Without_anything_to_evict_a_step_fails_and_says_what_to_do()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context(Kleenefile(1)), "kept");
        await space.SucceedAsync("system", "set", $"max-size={Taken(space) + (5 * Megabyte)}");

        var failed = await space.FailAsync(1, "build", "--progress", "plain", "-t", "app", space.Context(Kleenefile(2)));

        Assert.Contains("the store has reached its max-size of", failed, StringComparison.Ordinal);
        Assert.Contains("'kleene system set max-size=SIZE' allows more", failed, StringComparison.Ordinal);
        Assert.DoesNotContain("\nevicted", failed, StringComparison.Ordinal);
        var warned = await space.RunAsync("system", "set", "max-size=1MB");
        Assert.True(warned.Exit.Success);
        Assert.Contains("warning: the store takes ", warned.Error, StringComparison.Ordinal);
        Assert.Contains("max-size: none\n", await space.SucceedAsync("system", "set", "max-size=none"), StringComparison.Ordinal);
        await space.BuildAsync(space.Context(Kleenefile(2)), "app");
        Assert.Contains("max-size: none\n", await space.SucceedAsync("system", "info"), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_command_that_writes_without_end_is_stopped_before_it_has_filled_the_disk()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context(Kleenefile(1)), "old");
        await space.SucceedAsync("rmi", "old");
        await space.BuildAsync(space.Context(Kleenefile(2)), "old");
        await space.BuildAsync(space.Context(Kleenefile(3)), "old");
        var bound = Taken(space) + (60 * Megabyte);
        await space.SucceedAsync("system", "set", $"max-size={bound}");
        const string Endless = "FROM busybox\nRUN i=0; while true; do busybox dd if=/dev/zero of=/f$i bs=1M count=1 2> /dev/null; i=$((i+1)); busybox usleep 5000; done\n";

        var failed = await space.FailAsync(1, "build", "--progress", "json", "-t", "endless", space.Context(Endless));

        var events = failed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var evicted = Assert.Single(events, line => line.GetProperty("type").GetString() == "cache.evicted");
        Assert.Equal(bound, evicted.GetProperty("max_bytes").GetInt64());
        Assert.All(evicted.GetProperty("snapshots").EnumerateArray(), step => Assert.InRange(step.GetProperty("bytes").GetInt64(), 1, 11 * Megabyte));
        var step = Assert.Single(events, line => line.GetProperty("type").GetString() == "step.failed");
        Assert.Contains("max-size", step.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.InRange(Taken(space), 0, bound);
        Assert.Equal("", (await space.SucceedAsync("ps", "-aq")).Trim());
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task Two_builds_at_once_take_nothing_from_each_other()
    {
        await space.WithBusyboxAsync();
        var bound = Taken(space) + (75 * Megabyte);
        await space.SucceedAsync("system", "set", $"max-size={bound}");

        // What they keep fits; what they had before does not.
        for (var round = 0; round < 3; round++)
        {
            var (one, two) = (space.Context(Three(round * 10), "one"), space.Context(Three((round * 10) + 5), "two"));
            await Task.WhenAll(space.BuildAsync(one, "one"), space.BuildAsync(two, "two"));
            Assert.InRange(Taken(space), 0, bound);
        }

        Assert.Equal("20\n", await space.SucceedAsync("run", "--rm", "one", "cat", "/number"));
        Assert.Equal("25\n", await space.SucceedAsync("run", "--rm", "two", "cat", "/number"));
        Assert.Contains("all is well", await space.SucceedAsync("system", "check"), StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task An_eviction_may_be_killed_at_any_moment()
    {
        await space.WithBusyboxAsync();
        for (var round = 0; round < 6; round++)
        {
            // Many small ones: so there are many moments.
            await space.SucceedAsync("system", "set", "max-size=none");
            var steps = string.Concat(Enumerable.Range(0, 12).Select(i => $"RUN echo {round} {i} > /f{i}\n"));
            await space.BuildAsync(space.Context($"FROM busybox\n{steps}"), "gone");
            await space.SucceedAsync("rmi", "gone");
            await space.BuildAsync(space.Context($"FROM busybox\nRUN echo {round}\n"), "gone");
            space.Shell($"({space.Command("system", "set", "max-size=1MB")} > log 2>&1 & pid=$!; sleep 0.{2 + round}; kill -9 $pid; wait $pid) 2> log || true");

            Assert.Contains("all is well", await space.SucceedAsync("system", "check"), StringComparison.Ordinal);
            await space.AssertCleanAsync();
        }
    }

    [JailFact]
    public async Task Pinned_images_are_spared_by_prune_and_rm()
    {
        await space.WithBusyboxAsync();
        await space.SucceedAsync("image", "pin", "busybox");
        await space.BuildAsync(space.Context(Kleenefile(1)), "app");

        Assert.Contains("it is pinned; let it go with 'kleene image unpin busybox:latest'", await space.FailAsync(1, "image", "rm", "busybox"), StringComparison.Ordinal);
        await space.SucceedAsync("image", "prune", "--all");
        await space.SucceedAsync("system", "prune", "--all");
        Assert.Equal("busybox:latest yes\n", await space.SucceedAsync("image", "ls", "--format", "{{.name}}:{{.tag}} {{.pinned}}"));
        Assert.Contains("\"pinned\": true", await space.SucceedAsync("image", "inspect", "busybox"), StringComparison.Ordinal);
        Assert.Contains("did you mean 'busybox:latest'", await space.FailAsync(1, "image", "unpin", "bussybox"), StringComparison.Ordinal);
        await space.SucceedAsync("image", "unpin", "busybox");
        await space.SucceedAsync("image", "pin", "busybox");
        await space.SucceedAsync("image", "rm", "--force", "busybox");
        Assert.Equal("", await space.SucceedAsync("image", "ls", "-q"));
    }

    [JailTheory]
    [InlineData("maxsize=3", "there is no setting 'maxsize'; did you mean 'max-size'?")]
    [InlineData("max-size", "'max-size' has no value")]
    [InlineData("max-size=lots", "max-size 'lots' is not a size")]
    [InlineData("max-size=0", "max-size '0' is not a size")]
    public async Task What_cannot_be_set_is_told(string setting, string message) =>
        Assert.Contains(message, await space.FailAsync(2, "system", "set", setting), StringComparison.Ordinal);

    [BtrfsFact]
    public async Task It_holds_on_btrfs()
    {
        using var store = new KleeneSpace { Storage = "btrfs", Root = btrfs.NewDirectory() };
        await WalkAsync(store);
    }

    [ZfsFact]
    public async Task It_holds_on_zfs()
    {
        var (dataset, _) = await zfs.NewDatasetAsync();
        using var store = new KleeneSpace { Storage = $"zfs:{dataset}" };
        await WalkAsync(store);
    }

    /// <summary>On a file system whose count of what is written lags behind, or that shares what trees have in common.</summary>
    private static async Task WalkAsync(KleeneSpace store)
    {
        await store.WithBusyboxAsync();
        await store.BuildAsync(store.Context(Kleenefile(1)), "kept");
        await store.BuildAsync(store.Context(Kleenefile(2)), "app");
        await store.BuildAsync(store.Context(Kleenefile(3)), "app");
        await store.SucceedAsync("system", "set", $"max-size={await CountedAsync(store) + (15 * Megabyte)}");

        var said = await store.BuildAsync(store.Context(Kleenefile(4)), "app") + await store.BuildAsync(store.Context(Kleenefile(5)), "app");

        Assert.Contains("evicted ", said, StringComparison.Ordinal);
        Assert.Equal("1\n", await store.SucceedAsync("run", "--rm", "kept", "cat", "/number"));
        var failed = await store.FailAsync(1, "build", "--progress", "plain", "--rm", "-t", "large", store.Context("FROM busybox\nRUN for i in 1 2 3 4 5 6; do busybox dd if=/dev/urandom of=/f$i bs=1M count=10 2> /dev/null && busybox sync || exit 3; done\n"));
        Assert.Contains("max-size", failed, StringComparison.Ordinal);
        Assert.Equal("all is well\n", await store.SucceedAsync("system", "check"));
        await store.SucceedAsync("system", "set", "max-size=none");
        await store.BuildAsync(store.Context(Kleenefile(6)), "app");
    }

    private static string PinnedId(JsonDocument images) =>
        images.RootElement.EnumerateArray().Single(image => image.GetProperty("pinned").GetBoolean()).GetProperty("id").GetString()!;

    /// <summary>Ten megabytes, and a small step on them.</summary>
    private static string Kleenefile(int number) => $"FROM busybox\nRUN busybox dd if=/dev/urandom of=/large{number} bs=1000000 count=10 2> /dev/null\nRUN echo {number} > /number\n";

    private static string Three(int number) =>
        $"FROM busybox\n{string.Concat(Enumerable.Range(0, 3).Select(i => $"RUN busybox dd if=/dev/urandom of=/large{i} bs=1000000 count=5 2> /dev/null; echo {number + i}\n"))}RUN echo {number} > /number\n";

    private static long Taken(KleeneSpace store) => long.Parse(store.Shell($"du -sx -B1 '{store.StateRoot}' | cut -f 1").Trim(), CultureInfo.InvariantCulture);

    private static async Task<long> CountedAsync(KleeneSpace store)
    {
        using var json = JsonDocument.Parse(await store.SucceedAsync("system", "df", "--format", "json"));
        return json.RootElement.EnumerateArray().Sum(row => row.GetProperty("size").GetInt64());
    }
}
