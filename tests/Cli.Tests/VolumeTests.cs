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

    [JailFact]
    public async Task Volumes_that_nobody_named_are_found_again_and_go_with_their_container()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context("FROM busybox\nRUN mkdir /data && echo image > /data/x\nVOLUME /data /other\n"), "app");
        await space.SucceedAsync("run", "--name", "box", "-v", "/mine:nocopy", "app", "sh", "-c", "echo more >> /data/x; touch /mine/y");

        Assert.Equal(3, (await space.SucceedAsync("volume", "ls", "-q")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        await space.SucceedAsync("cp", "box:/data/x", space["x"]);
        Assert.Equal("image\nmore\n", await File.ReadAllTextAsync(space["x"]));
        Assert.Equal("image\nmore\n", await space.SucceedAsync("run", "--rm", "--volumes-from", "box:ro", "busybox", "sh", "-c", "cat /data/x; touch /data/z 2> /dev/null || true"));
        Assert.Contains("\"anonymous\": true", await space.SucceedAsync("volume", "inspect", (await space.SucceedAsync("volume", "ls", "-q")).Split('\n')[0]), StringComparison.Ordinal);
        Assert.Equal("image\n", await space.SucceedAsync("run", "--rm", "-v", "named:/data/", "app", "cat", "/data/x"));
        Assert.Equal(4, (await space.SucceedAsync("volume", "ls", "-q")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        await space.SucceedAsync("rm", "-v", "box");
        Assert.Equal("named\n", await space.SucceedAsync("volume", "ls", "--format", "{{.name}}"));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_borrowed_volume_outlives_its_owner_and_rm_alone_keeps_it()
    {
        await space.WithBusyboxAsync();
        await space.SucceedAsync("run", "--name", "owner", "-v", "/data", "busybox", "sh", "-c", "echo x > /data/x");
        await space.SucceedAsync("run", "--name", "heir", "--volumes-from", "owner", "busybox", "true");

        await space.SucceedAsync("rm", "-v", "owner");
        Assert.Equal("x\n", await space.SucceedAsync("run", "--rm", "--volumes-from", "heir", "busybox", "cat", "/data/x"));
        await space.SucceedAsync("rm", "heir");

        Assert.Single((await space.SucceedAsync("volume", "prune", "--all")).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task Mounts_that_cannot_be_read_end_in_125_with_klee_s_words()
    {
        await space.WithBusyboxAsync();

        Assert.Equal("error: invalid mount format 'a:/b:ro:c'. Max 3 elements seperated by ':'.\n", await space.FailAsync(125, "run", "--rm", "-v", "a:/b:ro:c", "busybox", "true"));
        Assert.Equal("error: invalid mount format 'data'. Must have at least 2 elements seperated by ':'.\n", await space.FailAsync(125, "run", "--rm", "-v", "data", "busybox", "true"));
        Assert.Equal("error: invalid mount format 'a:/b:rx'. Last element should be either 'ro' or 'rw'.\n", await space.FailAsync(125, "run", "--rm", "-v", "a:/b:rx", "busybox", "true"));
        Assert.Contains("two things are to be mounted at '/d'", await space.FailAsync(125, "run", "--rm", "-v", "a:/d", "--tmpfs", "/d/", "busybox", "true"), StringComparison.Ordinal);
        Assert.Contains("there is no container 'nobody'", await space.FailAsync(125, "run", "--rm", "--volumes-from", "nobody", "busybox", "true"), StringComparison.Ordinal);
        Assert.Equal("", await space.SucceedAsync("volume", "ls", "-q"));
    }

    [JailFact]
    public async Task Sizes_are_measured_and_limited_where_that_can_be()
    {
        await space.WithBusyboxAsync();
        await space.SucceedAsync("run", "--rm", "-v", "data:/d", "busybox", "busybox", "dd", "if=/dev/zero", "of=/d/x", "bs=1M", "count=2");

        Assert.InRange(long.Parse(await space.SucceedAsync("volume", "ls", "--format", "{{.size}}"), System.Globalization.CultureInfo.InvariantCulture), 2 << 20, 3 << 20);
        Assert.Contains("SIZE", await space.SucceedAsync("volume", "ls", "--size"), StringComparison.Ordinal);
        Assert.Contains("the storage driver 'overlay' cannot limit what a volume holds", await space.FailAsync(1, "volume", "create", "--opt", "size=1m", "small"), StringComparison.Ordinal);
        Assert.Contains("--opt 'device=x' is not an option of volumes", await space.FailAsync(2, "volume", "create", "--opt", "device=x", "small"), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Join(System.Text.Json.JsonDocument.Parse(await space.SucceedAsync("volume", "inspect", "data")).RootElement[0].GetProperty("mountpoint").GetString(), "x")));
        await space.AssertCleanAsync();
    }

    [JailTheory]
    [InlineData("ln -s /../../.. /data")]
    [InlineData("ln -s ../../../../../../../.. /data")]
    [InlineData("ln -s /one /data; ln -s two/../.. /one; mkdir /two; ln -s / /two/x")]
    [InlineData("ln -s /proc/1/root /data")]
    [InlineData("mkdir -p /srv; ln -s /srv/../../../../../.. /data")]
    public async Task Destinations_that_lead_out_of_the_image_stay_inside(string script)
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context($"FROM busybox\nRUN {script}\n"), "app");
        var outside = space.MakeDirectory("outside");
        var mark = outside.TrimStart('/');
        space.Write("file", "bound");
        space.Write("bound/b", "");

        foreach (var mount in (string[])[$"--volume={space["bound"]}:/data/{mark}", $"--volume=name:/data/{mark}", $"--tmpfs=/data/{mark}", $"--volume={space["file"]}:/data/{mark}/file"])
        {
            // Where a link leads into the kernel's own files nothing can be mounted; what matters is the host.
            _ = await space.RunAsync("run", "--name", "box", mount, "app", "sh", "-c", $"touch '/data/{mark}/made'");
            _ = await space.RunAsync("cp", space["file"], $"box:/data/{mark}");
            await space.RunAsync("rm", "-v", "box");

            Assert.Empty(Directory.GetFileSystemEntries(outside));
            Assert.Equal(File.GetLastWriteTimeUtc(outside), Directory.GetCreationTimeUtc(outside), TimeSpan.FromSeconds(5));
        }

        await space.AssertCleanAsync();
    }
}
