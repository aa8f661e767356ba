using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>Caches that several commands want at the same time, each played by processes of their own.</summary>
public sealed class CacheMountTests : IDisposable
{
    /// <summary>Says that it is there, and waits until the other one is; gives up after some time, so that a broken build ends.</summary>
    private const string Meet = "touch /c/$ME; for i in $(seq 200); do test -e /c/$OTHER && break; busybox usleep 50000; done; test -e /c/$OTHER";

    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_shared_cache_is_used_by_two_commands_at_once()
    {
        var context = await ContextAsync($"RUN --mount=type=cache,id=meet,target=/c {Meet}");

        var (one, two) = await BothAsync(context);

        Assert.True(one.Exit.Success && two.Exit.Success, one.Error + two.Error);
        Assert.Equal(["cache-meet"], await VolumesAsync());
    }

    [JailFact]
    public async Task A_private_cache_is_another_one_while_the_first_is_in_use_and_both_are_kept()
    {
        // Each waits for a file that only the other one would see, in a cache that is not private.
        var context = await ContextAsync(
            $"RUN --mount=type=cache,id=meet,target=/c --mount=type=cache,id=own,target=/own,sharing=private touch /own/$ME; {Meet}; ls /own | grep -q $OTHER && exit 9; true");

        var (one, two) = await BothAsync(context);
        var later = space.Context("FROM busybox\nRUN --mount=type=cache,id=own,target=/own,sharing=private test -e /own/one || test -e /own/two\n", "later");
        var again = await space.RunAsync("build", "-q", later);

        Assert.True(one.Exit.Success && two.Exit.Success && again.Exit.Success, one.Error + two.Error + again.Error);
        Assert.Equal(["cache-meet", "cache-own", "cache-own.p2"], await VolumesAsync());
    }

    [JailFact]
    public async Task A_locked_cache_is_waited_for()
    {
        // A directory can be made once: whoever meets another one's would fail.
        var context = await ContextAsync(
            "RUN --mount=type=cache,id=one,target=/c,sharing=locked --mount=type=cache,id=two,target=/d,sharing=locked mkdir /c/busy && mkdir /d/busy && busybox usleep 300000 && rm -r /c/busy /d/busy && echo $ME >> /c/log",
            "RUN --mount=type=cache,id=two,target=/d,sharing=locked --mount=type=cache,id=one,target=/c,sharing=locked mkdir /c/busy && mkdir /d/busy && rm -r /c/busy /d/busy && cat /c/log");

        var (one, two) = await BothAsync(context);

        Assert.True(one.Exit.Success && two.Exit.Success, one.Error + two.Error);
        Assert.Contains("waiting for the cache 'cache-one', which another command has", one.Error + two.Error, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task Steps_of_one_build_wait_for_each_other_too()
    {
        await space.WithBusyboxAsync();
        var stages = string.Concat(Enumerable.Range(1, 4).Select(i =>
            $"FROM busybox AS s{i}\nRUN --mount=type=cache,target=/c,sharing=locked mkdir /c/busy && busybox usleep 100000 && rm -r /c/busy && echo {i} > /done\n"));
        var context = space.Context(stages + "FROM busybox\n" + string.Concat(Enumerable.Range(1, 4).Select(i => $"COPY --from=s{i} /done /done{i}\n")));

        await space.BuildAsync(context, "app", "--jobs", "4");

        Assert.Equal("1\n2\n3\n4\n", await space.SucceedAsync("run", "--rm", "app", "sh", "-c", "cat /done*"));
    }

    [JailFact]
    public async Task What_a_killed_build_had_is_free_again_and_kept()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN --mount=type=cache,id=kept,target=/c,sharing=locked echo begun >> /c/log; echo started; sleep 1000\n");

        // To kleene itself; its jail goes on.
        await space.SignalledAsync(context, "KILL", after: "started");

        space.Context("FROM busybox\nRUN --mount=type=cache,id=kept,target=/c,sharing=locked cat /c/log > /out; echo and again >> /out\n");
        Assert.DoesNotContain("waiting", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
        Assert.Equal("begun\nand again\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/out"));
        await space.AssertCleanAsync();
        Assert.Equal("cache-kept\n", await space.SucceedAsync("volume", "rm", "cache-kept"));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_waiting_build_does_not_meet_the_jail_of_one_that_was_killed()
    {
        await space.WithBusyboxAsync();
        var first = space.Context("FROM busybox\nRUN --mount=type=cache,id=kept,target=/c,sharing=locked echo started; while true; do touch /c/alive; busybox usleep 10000; done\n");
        var second = space.Context("FROM busybox\nRUN --mount=type=cache,id=kept,target=/c,sharing=locked rm -f /c/alive; busybox usleep 300000; test ! -e /c/alive\n", "second");
        var go = space["go"];
        var killed = space.SignalledWhenAsync(first, "KILL", $"test -e '{go}'");
        await UntilAsync(() => File.Exists(space["log"]) && File.ReadAllLines(space["log"]).Contains("started"));
        var lines = new WaitingFor("waiting for the cache");
        var waiting = new ProcessRunner().RunAsync(space.Command("build", "--progress", "plain", second), ProcessOutput.To(lines), CancellationToken.None);
        await lines.Seen;

        await File.WriteAllTextAsync(go, "");
        await killed;

        var result = await waiting;
        Assert.True(result.Exit.Success, result.Error);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_cache_is_known_by_its_id_its_namespace_and_its_owner()
    {
        await space.WithBusyboxAsync();
        var context = space.Context(
            """
            FROM busybox
            ARG RUN=1
            RUN --mount=type=cache,id=npm,target=/a echo plain > /a/x
            RUN --mount=type=cache,id=npm,target=/b cat /b/x
            RUN --mount=type=cache,id=npm,target=/c,uid=1000 ! cat /c/x
            RUN --mount=type=cache,id=/root/.npm,target=/d touch /d/y
            RUN --mount=type=cache,target=/root/.npm ls /root/.npm/y
            RUN --mount=type=cache,id=npm,target=/e,ro ! touch /e/z 2>/dev/null
            RUN --mount=type=cache,id=npm,target=/f,source=deep/er pwd > /f/p && test ! -e /f/x

            """);

        await space.BuildAsync(context, "app");
        await space.BuildAsync(context, "app", "--build-arg", "BUILDKIT_CACHE_MOUNT_NS=mine", "--build-arg", "RUN=2");

        var volumes = await VolumesAsync();
        Assert.Equal(6, volumes.Length);
        Assert.Contains("cache-npm", volumes);
        Assert.Contains(volumes, name => name.StartsWith("cache-npm.", StringComparison.Ordinal));
        Assert.Contains(volumes, name => name.StartsWith("cache-root--npm.", StringComparison.Ordinal));
        Assert.Contains(volumes, name => name.StartsWith("cache-mine-npm.", StringComparison.Ordinal));
        var shown = await space.SucceedAsync("volume", "inspect", volumes.First(name => name.StartsWith("cache-mine-npm.", StringComparison.Ordinal)));
        Assert.Contains("\"org.kleene.build-cache.id\": \"npm\"", shown, StringComparison.Ordinal);
        Assert.Contains("\"org.kleene.build-cache.namespace\": \"mine\"", shown, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task What_a_cache_is_called_or_holds_never_decides_whether_a_step_runs()
    {
        await space.WithBusyboxAsync();
        const string Line = "FROM busybox\nRUN --mount=type=cache,id=a,target=/c echo x >> /c/log\n";
        var context = space.Context(Line);
        await space.BuildAsync(context, "app");
        await space.SucceedAsync("volume", "rm", "cache-a");

        var emptied = await space.BuildAsync(context, "app");
        space.Context(Line.Replace("id=a", "id=b,sharing=locked", StringComparison.Ordinal));
        var renamed = await space.BuildAsync(context, "app");
        space.Context(Line.Replace("/c", "/d", StringComparison.Ordinal));
        var moved = await space.BuildAsync(context, "app");

        Assert.Contains("--> Using cache", emptied, StringComparison.Ordinal);
        Assert.Contains("--> Using cache", renamed, StringComparison.Ordinal);
        Assert.DoesNotContain("--> Using cache", moved, StringComparison.Ordinal);
    }

    private async Task<string> ContextAsync(params string[] lines)
    {
        await space.WithBusyboxAsync();
        return space.Context($"FROM busybox\nARG ME OTHER\n{string.Join('\n', lines)}\n");
    }

    private async Task<(ProcessResult One, ProcessResult Two)> BothAsync(string context)
    {
        var one = space.RunAsync("build", "--progress", "plain", "--build-arg", "ME=one", "--build-arg", "OTHER=two", context);
        var two = space.RunAsync("build", "--progress", "plain", "--build-arg", "ME=two", "--build-arg", "OTHER=one", context);
        return (await one, await two);
    }

    private async Task<string[]> VolumesAsync() =>
        (await space.SucceedAsync("volume", "ls", "--format", "{{.name}}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task UntilAsync(Func<bool> happened)
    {
        while (!happened())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }

    /// <summary>Tells when a line was printed.</summary>
    private sealed class WaitingFor(string words) : IOutputSink
    {
        private readonly TaskCompletionSource seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Seen => seen.Task.WaitAsync(TimeSpan.FromMinutes(2));

        public void WriteLine(OutputKind stream, string line)
        {
            if (line.Contains(words, StringComparison.Ordinal))
            {
                seen.TrySetResult();
            }
        }
    }
}
