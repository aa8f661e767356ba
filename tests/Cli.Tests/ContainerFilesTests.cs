using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>cp, diff and export, of containers that have ended and of such that run.</summary>
public sealed class ContainerFilesTests : IAsyncLifetime
{
    private readonly KleeneSpace space = new();
    private readonly List<Task<ProcessResult>> running = [];

    public async Task InitializeAsync()
    {
        if (new JailFactAttribute().Skip is null)
        {
            await space.WithBusyboxAsync();
        }
    }

    public async Task DisposeAsync()
    {
        await Task.WhenAll(running);
        space.Dispose();
    }

    [JailFact]
    public async Task Diff_tells_what_a_container_changed_and_nothing_of_its_mounts()
    {
        await space.BuildAsync(space.Context("FROM busybox\nRUN mkdir -p /srv/deep /opt && echo a > /srv/a && echo b > /srv/deep/b && echo c > /opt/c\n"), "app");
        await space.SucceedAsync("run", "--name", "box", "-v", "data:/data", "-v", "/anonymous", "--tmpfs", "/memory", "app", "sh", "-c",
            "echo x >> /srv/a; rm /srv/deep/b; mkdir -p /new/below; chmod 700 /opt; touch /data/x /anonymous/y /memory/z");

        Assert.Equal("A /new\nA /new/below\nC /opt\nC /srv\nC /srv/a\nC /srv/deep\nD /srv/deep/b\n", await space.SucceedAsync("diff", "box"));
        Assert.Contains("\"kind\": \"D\"", await space.SucceedAsync("diff", "--format", "json", "box"), StringComparison.Ordinal);
        Assert.Equal("", await space.SucceedAsync("image", "diff", "app", "app"));
        Assert.Equal("A /opt\nA /opt/c\nA /srv\nA /srv/a\nA /srv/deep\nA /srv/deep/b\n", await space.SucceedAsync("image", "diff", "busybox", "app"));
        Assert.Contains("there is no container 'bax'; did you mean 'box'?", await space.FailAsync(1, "diff", "bax"), StringComparison.Ordinal);
        await space.SucceedAsync("rm", "-v", "box");
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_running_container_is_compared_without_what_its_jail_needed()
    {
        await StartAsync("box", ["-v", "data:/made/for/it"], "echo x > /mine");

        Assert.Equal("A /mine\nA /ready\n", await space.SucceedAsync("diff", "box"));
        await StopAsync("box");
        Assert.Equal("A /mine\nA /ready\n", await space.SucceedAsync("diff", "box"));
        await space.AssertCleanAsync();
    }

    [JailTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Files_go_in_and_out_and_between_containers_also_where_something_is_mounted(bool runs)
    {
        var bound = space.MakeDirectory("bound");
        space.Write("bound/b", "of the host");
        space.Write("in/file", "sent");
        space.Write("single", "one file");
        string[] mounts = ["-v", "data:/data", "-v", $"{bound}:/bound:ro", "-v", $"{space["single"]}:/etc/single", "--tmpfs", "/memory"];
        await StartAsync("box", mounts, "echo v > /data/v; ln -s /data /link; ln -s ../../../../../../etc/hostname /up; echo own > /own");
        await space.SucceedAsync("run", "--name", "other", "busybox", "true");
        if (!runs)
        {
            await StopAsync("box");
        }

        await space.SucceedAsync("cp", "box:/data/v", space["out"]);
        await space.SucceedAsync("cp", "box:/bound/b", space["out-b"]);
        await space.SucceedAsync("cp", "box:etc/single", space["out-single"]);
        await space.SucceedAsync("cp", space["in"], "box:/link");
        await space.SucceedAsync("cp", "box:/data/in", "other:/");
        await space.SucceedAsync("cp", "box:/own", "box:/data/copied");
        var memory = await space.FailAsync(1, "cp", space["in"], "box:/memory/x");
        var readOnly = await space.FailAsync(1, "cp", space["in"], "box:/bound");
        var nowhere = await space.FailAsync(1, "cp", "box:/up/x", space["x"]);

        Assert.Equal(("v\n", "of the host", "one file"), (await File.ReadAllTextAsync(space["out"]), await File.ReadAllTextAsync(space["out-b"]), await File.ReadAllTextAsync(space["out-single"])));
        Assert.Equal("sent", await space.SucceedAsync("run", "--rm", "-v", "data:/d", "busybox", "cat", "/d/in/file"));
        Assert.Equal("own\n", await space.SucceedAsync("run", "--rm", "-v", "data:/d", "busybox", "cat", "/d/copied"));
        Assert.Contains("'/memory' is memory of container 'box'", memory, StringComparison.Ordinal);
        Assert.Contains("read-only file system", readOnly, StringComparison.Ordinal);
        Assert.Contains("there is no '/up/x' to copy", nowhere, StringComparison.Ordinal);
        Assert.Equal("A /in\nA /in/file\n", await space.SucceedAsync("diff", "other"));
        Assert.DoesNotContain("data", await space.SucceedAsync("diff", "box"), StringComparison.Ordinal);
        if (runs)
        {
            Assert.Equal("sent", await space.SucceedAsync("exec", "box", "cat", "/data/in/file"));
            await StopAsync("box");
        }

        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task Archives_go_in_and_out()
    {
        await space.SucceedAsync("run", "--name", "box", "busybox", "sh", "-c", "mkdir -p /srv/d && echo x > /srv/d/x && busybox chown 12:34 /srv/d/x");

        var listed = await Pipe($"{space.Command("cp", "box:/srv/d", "-")} | tar tv --numeric-owner");
        var contents = await Pipe($"{space.Command("cp", "box:/srv/d/.", "-")} | tar t");
        await Pipe($"{space.Command("cp", "box:/srv/d", "-")} | {space.Command("cp", "-a", "-", "box:/tmp")}");
        await Pipe($"{space.Command("cp", "box:/srv/d", "-")} | gzip | {space.Command("cp", "-", "box:/bin")}");
        var whole = await Pipe($"{space.Command("export", "box")} | tar tv --numeric-owner");

        Assert.Contains("12/34", listed, StringComparison.Ordinal);
        Assert.Contains(" d/x\n", listed, StringComparison.Ordinal);
        Assert.Equal("./\nx\n", contents);
        Assert.Matches(@"12/34 .* tmp/d/x\n", whole);
        Assert.Matches(@"0/0 .* bin/d/x\n", whole);
        Assert.Contains("not a directory that an archive", await Fail($"tar c -C / etc/hostname | {space.Command("cp", "-", "box:/nowhere")}"), StringComparison.Ordinal);
        Assert.Contains("not a tar archive", await Fail($"echo junk | {space.Command("cp", "-", "box:/tmp")}"), StringComparison.Ordinal);
        Assert.Contains("neither SRC nor DST is in a container", await space.FailAsync(2, "cp", "/etc/hostname", "/tmp/x"), StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task Nothing_is_copied_into_a_container_whose_root_is_read_only_but_into_its_volumes()
    {
        space.Write("file", "x");
        await space.SucceedAsync("run", "--name", "box", "--read-only", "-v", "data:/data", "busybox", "true");

        Assert.Contains("read-only file system", await space.FailAsync(1, "cp", space["file"], "box:/tmp"), StringComparison.Ordinal);
        await space.SucceedAsync("cp", space["file"], "box:/data");
        Assert.Equal("", await space.SucceedAsync("diff", "box"));
    }

    [JailFact]
    public async Task A_container_ends_and_is_removed_while_somebody_reads_it()
    {
        await StartAsync("box", ["-v", "data:/made/for/it"], "busybox dd if=/dev/zero of=/large bs=1M count=8 2> /dev/null");
        var gate = space["gate"];
        space.Shell($"mkfifo '{gate}'");
        var reading = space.RunAsync(CommandLine.Of("bash", "-c", $"{space.Command("cp", "box:/large", "-")} > '{gate}'"));
        await using var reader = File.OpenRead(gate);
        await reader.ReadExactlyAsync(new byte[512]);

        await StopAsync("box");
        Assert.Equal("exited", (await space.SucceedAsync("ps", "-a", "--format", "{{.state}}")).Split(' ')[0].Trim());
        Assert.NotEmpty(space.Mounts());
        await reader.CopyToAsync(Stream.Null);

        Assert.True((await reading).Exit.Success, (await reading).Error);
        await space.AssertCleanAsync();
        await space.SucceedAsync("rm", "box");
        await space.AssertCleanAsync();
        Assert.Empty(Directory.GetFiles(Path.Join(space.StateRoot, "containers")));
    }

    [JailFact]
    public async Task What_a_killed_copy_left_is_tidied_by_the_next_command_that_looks()
    {
        await space.SucceedAsync("run", "--name", "box", "-v", "data:/made/for/it", "busybox", "busybox", "dd", "if=/dev/zero", "of=/large", "bs=1M", "count=8");
        var gate = space["gate"];
        space.Shell($"mkfifo '{gate}'");
        var reading = space.RunAsync(CommandLine.Of("bash", "-c", $"echo $$ > '{space["pid"]}'; exec {space.Command("cp", "box:/large", "-")} > '{gate}'"));
        await using (var reader = File.OpenRead(gate))
        {
            await reader.ReadExactlyAsync(new byte[512]);
            space.Shell($"kill -9 $(cat '{space["pid"]}')");
            await reading;
        }

        Assert.Single(Directory.GetFiles(Path.Join(space.StateRoot, "containers"), "made", SearchOption.AllDirectories));
        Assert.Equal("A /large\n", await space.SucceedAsync("diff", "box"));
        Assert.Empty(Directory.GetFiles(Path.Join(space.StateRoot, "containers"), "made", SearchOption.AllDirectories));
        await space.AssertCleanAsync();
    }

    private async Task StartAsync(string name, string[] options, string script)
    {
        running.Add(space.RunAsync(["run", "--name", name, .. options, "busybox", "sh", "-c", $"{script}; touch /ready; trap 'exit 0' TERM; while :; do sleep 1 & wait; done"]));
        while (!(await space.RunAsync("exec", name, "test", "-e", "/ready")).Exit.Success)
        {
            Assert.False(running[^1].IsCompleted, running[^1].IsCompleted ? (await running[^1]).Error : "");
        }
    }

    private async Task StopAsync(string name)
    {
        await space.SucceedAsync("stop", name);
        await Task.WhenAll(running);
    }

    private async Task<string> Pipe(string script)
    {
        var result = await space.RunAsync(CommandLine.Of("bash", "-o", "pipefail", "-c", script));
        Assert.True(result.Exit.Success, result.Error);
        return result.Output;
    }

    private async Task<string> Fail(string script)
    {
        var result = await space.RunAsync(CommandLine.Of("bash", "-o", "pipefail", "-c", script));
        Assert.Equal(1, result.Exit.ShellCode);
        return result.Error;
    }
}
