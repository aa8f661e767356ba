using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

public sealed class VolumeTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_volume_is_made_listed_inspected_and_removed()
    {
        await space.SucceedAsync("volume", "create", "--label", "who=me and you", "--label", "bare", "data");
        await space.SucceedAsync("volume", "create", "more.data");

        Assert.Equal("data\nmore.data\n", await space.SucceedAsync("lsv", "--format", "{{.name}}"));
        Assert.Contains("who=me and you", await space.SucceedAsync("volume", "ls"), StringComparison.Ordinal);
        var id = (await space.SucceedAsync("volume", "ls", "-q")).Split('\n')[0];
        Assert.Contains("\"who\": \"me and you\"", await space.SucceedAsync("isv", id[..6]), StringComparison.Ordinal);
        Assert.Contains("the volume name 'data' is taken", await space.FailAsync(1, "volume", "create", "data"), StringComparison.Ordinal);
        Assert.Contains("'a b' is not a volume name", await space.FailAsync(1, "volume", "create", "a b"), StringComparison.Ordinal);
        Assert.Contains("did you mean 'data'?", await space.FailAsync(1, "volume", "rm", "dato"), StringComparison.Ordinal);
        Assert.Equal("data\nmore.data\n", await space.SucceedAsync("rmv", "data", id[..0] + "more.data"));
        await space.AssertCleanAsync();
        Assert.Empty(Directory.EnumerateFiles(Path.Join(space.StateRoot, "volumes")));
    }

    [JailFact]
    public async Task Containers_share_a_named_volume_that_outlives_them()
    {
        await space.WithBusyboxAsync();
        await space.SucceedAsync("run", "--rm", "-v", "data:/d", "busybox", "sh", "-c", "echo one > /d/x");

        Assert.Equal("one\n", await space.SucceedAsync("run", "--rm", "--mount", "src=data,dst=/other,readonly", "busybox", "cat", "/other/x"));
        Assert.NotEqual(0, (await space.RunAsync("run", "--rm", "-v", "data:/d:ro", "busybox", "touch", "/d/y")).Exit.ShellCode);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_new_volume_begins_with_what_the_image_has_there_and_an_old_one_stays_as_it_is()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context("FROM busybox\nRUN mkdir -p /data/deep && echo image > /data/deep/x && chmod 711 /data && busybox chown -R 5:6 /data && ln -s data /link\n"), "app");
        await space.SucceedAsync("volume", "create", "empty");

        Assert.Equal("image\n5:6 711\n", await space.SucceedAsync("run", "--rm", "-v", "new:/link", "app", "sh", "-c", "cat /link/deep/x; busybox stat -c '%u:%g %a' /data"));
        Assert.Equal("image\n", await space.SucceedAsync("run", "--rm", "-v", "empty:/data", "app", "cat", "/data/deep/x"));
        await space.SucceedAsync("run", "--rm", "-v", "new:/data", "app", "sh", "-c", "rm -r /data/deep; echo mine > /data/y");
        Assert.Equal("y\n", await space.SucceedAsync("run", "--rm", "-v", "new:/data", "app", "ls", "/data"));
        Assert.Equal("image\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/data/deep/x"));
    }

    [JailFact]
    public async Task What_is_in_use_is_not_removed()
    {
        await space.WithBusyboxAsync();
        await space.SucceedAsync("run", "--name", "box", "-v", "data:/d", "busybox", "true");
        await space.BuildAsync(space.Context("FROM busybox\nRUN --mount=type=cache,id=c,target=/c true\n"), "app");

        var kept = await space.FailAsync(1, "volume", "rm", "data");
        var pruned = await space.SucceedAsync("volume", "prune", "--all");

        Assert.Contains("volume 'data' is in use: container 'box' has it; remove that first with 'kleene rm box'", kept, StringComparison.Ordinal);
        Assert.Equal("cache-c\n", pruned);
        await space.SucceedAsync("rm", "box");
        Assert.Equal("", await space.SucceedAsync("volume", "prune"));
        Assert.Equal("data\n", await space.SucceedAsync("volume", "prune", "-a"));
    }

    [JailFact]
    public async Task A_cache_that_a_build_has_is_not_removed()
    {
        await space.WithBusyboxAsync();
        var go = space["go"];
        var context = space.Context("FROM busybox\nRUN --mount=type=cache,id=c,target=/c echo started; while test ! -e /c/go; do busybox usleep 10000; done\n");
        var log = space["log"];
        var build = space.RunAsync(CommandLine.Of("bash", "-c", $"{space.Command("build", "--progress", "plain", context)} 2> '{log}'"));
        while (!File.Exists(log) || !(await File.ReadAllTextAsync(log)).Contains("\nstarted\n", StringComparison.Ordinal))
        {
            await Task.Delay(20);
        }

        var error = await space.FailAsync(1, "volume", "rm", "cache-c");
        var pruned = await space.SucceedAsync("volume", "prune");
        await space.SucceedAsync("run", "--rm", "-v", "cache-c:/c", "busybox", "touch", "/c/go");

        Assert.True((await build).Exit.Success);
        Assert.Contains("a build or another command works with it", error, StringComparison.Ordinal);
        Assert.Equal("", pruned);
        Assert.False(File.Exists(go));
    }

    [JailFact]
    public async Task A_cache_travels_to_another_machine_as_an_archive()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN --mount=type=cache,id=/root/.cache,target=/c echo expensive > /c/it && chmod 640 /c/it && busybox chown 7:8 /c/it && ln /c/it /c/linked && ln -s it /c/soft && mkdir -m 1777 /c/tmp\n");
        await space.BuildAsync(context, "app");
        var name = (await space.SucceedAsync("volume", "ls", "--format", "{{.name}}")).Trim();
        var archive = space["cache.tar"];
        await space.SucceedAsync("volume", "export", "-o", archive, name);
        var piped = await space.RunAsync(CommandLine.Of("bash", "-c", $"{space.Command("volume", "export", name)} | cmp - '{archive}'"));

        using var other = new KleeneSpace();
        await other.WithBusyboxAsync();
        Assert.Equal($"{name}\n", await other.SucceedAsync("volume", "import", name, archive));
        var again = other.Context(
            "FROM busybox\nRUN --mount=type=cache,target=/root/.cache cd /root/.cache && cat soft > /out && busybox stat -c '%u:%g %a %h' it >> /out && test it -ef linked && busybox stat -c %a tmp >> /out\n");
        await other.BuildAsync(again, "app");

        Assert.True(piped.Exit.Success, piped.Error);
        Assert.Equal("expensive\n7:8 640 2\n1777\n", await other.SucceedAsync("run", "--rm", "app", "cat", "/out"));
        Assert.Equal($"{name}\n", await other.SucceedAsync("volume", "prune"));
        Assert.Contains("is taken", await space.FailAsync(1, "volume", "import", name, archive), StringComparison.Ordinal);
        Assert.Contains("there is no archive", await space.FailAsync(2, "volume", "import", "x", "/no/such"), StringComparison.Ordinal);
        Assert.Contains("not a tar archive", await space.FailAsync(1, "volume", "import", "x", space.Write("junk", "junk")), StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_snapshot_of_a_volume_is_a_volume_that_stays_as_it_was()
    {
        await space.WithBusyboxAsync();
        await space.SucceedAsync("run", "--rm", "-v", "data:/d", "busybox", "sh", "-c", "echo before > /d/x");

        Assert.Equal("kept\n", await space.SucceedAsync("volume", "snapshot", "data", "kept"));
        await space.SucceedAsync("run", "--rm", "-v", "data:/d", "busybox", "sh", "-c", "echo after > /d/x");

        Assert.Equal("before\n", await space.SucceedAsync("run", "--rm", "-v", "kept:/d", "busybox", "cat", "/d/x"));
        Assert.Contains("is taken", await space.FailAsync(1, "volume", "snapshot", "data", "kept"), StringComparison.Ordinal);
    }
}
