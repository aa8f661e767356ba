using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests.Containers;

/// <summary>Containers that live on, from the command line to the real runtime and supervisor.</summary>
public sealed class ContainerCommandTests : IAsyncLifetime
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

    [JailFact]
    public async Task A_detached_one_lives_on_and_can_be_seen_entered_renamed_stopped_and_started_again()
    {
        var id = (await space.SucceedAsync("run", "-d", "--name", "box", "busybox", "sh", "-c", "echo up; echo bad >&2; trap 'exit 9' TERM; while true; do sleep 0.1; done")).Trim();

        Assert.Equal("box running\n", await space.SucceedAsync("ps", "--format", "{{.name}} {{.state}}"));
        await KleeneSpace.EventuallyAsync(async () => (await space.RunAsync("logs", "box")) is { Output: "up\n", Error: "bad\n" });
        await space.SucceedAsync("exec", "-d", "box", "sh", "-c", "echo detached > /file");
        await KleeneSpace.EventuallyAsync(async () => (await space.RunAsync("exec", "box", "cat", "/file")).Output == "detached\n");
        await space.FailAsync(127, "exec", "-d", "box", "no-such-command");
        Assert.Contains("is running", await space.FailAsync(1, "rm", "box"), StringComparison.Ordinal);
        await space.SucceedAsync("rename", "box", "kiste");

        await space.SucceedAsync("stop", "kiste");
        Assert.Equal("9\n", await space.SucceedAsync("wait", "kiste"));
        Assert.Equal("exited (9)\n", await space.SucceedAsync("ps", "-a", "--format", "{{.status}}"));
        Assert.Contains("is not running", await space.FailAsync(125, "exec", "kiste", "true"), StringComparison.Ordinal);
        Assert.Empty(space.Mounts());

        await space.SucceedAsync("restart", "kiste");
        await space.SucceedAsync("kill", "kiste");
        Assert.Equal("137\n", await space.SucceedAsync("wait", id));
        await space.SucceedAsync("rm", "kiste");
        await AssertNothingIsLeftAsync();
    }

    [JailFact]
    public async Task An_attached_one_has_our_streams_apart_and_its_exit_code_is_ours()
    {
        var first = await space.RunAsync("run", "--name", "box", "busybox", "sh", "-c", "echo out; echo err >&2; exit 7");
        var second = await space.RunAsync("start", "-a", "box");

        Assert.Equal(("out\n", "err\n", 7), (first.Output, first.Error, first.Exit.Code));
        Assert.Equal(("out\n", "err\n", 7), (second.Output, second.Error, second.Exit.Code));
        var logs = await space.RunAsync("logs", "box");
        Assert.Equal(("out\nout\n", "err\nerr\n"), (logs.Output, logs.Error));
        Assert.Equal("out\n", (await space.RunAsync("logs", "--tail", "2", "box")).Output);
        await space.SucceedAsync("rm", "box");
        await AssertNothingIsLeftAsync();
    }

    /// <summary>Random bytes hold the keys that leave a terminal, and a copy that waits for one side only ends in both waiting.</summary>
    [JailFact]
    public async Task What_is_piped_through_one_comes_out_and_into_its_log_byte_for_byte()
    {
        space.Shell("head -c 3000000 /dev/urandom > random; printf '\\020\\021' >> random; head -c 1048576 /dev/zero | tr '\\0' x > line");
        foreach (var file in (string[])["random", "line"])
        {
            var run = space.Command("run", "-i", "--name", file, "busybox", "cat");
            var logs = space.Command("logs", file);

            space.Shell($"{run} < {file} > out; cmp {file} out; {logs} | cmp {file} -");

            await space.SucceedAsync("rm", file);
        }

        await AssertNothingIsLeftAsync();
    }

    [JailFact]
    public async Task Twenty_megabytes_of_lines_are_never_clipped()
    {
        await space.SucceedAsync("run", "-d", "--name", "box", "busybox", "sh", "-c", "seq 1 2700000");

        space.Shell($"seq 1 2700000 > expected; {space.Command("logs", "-f", "box")} > log; cmp expected log");

        await space.SucceedAsync("rm", "-f", "box");
    }

    [JailFact]
    public async Task One_that_goes_with_its_end_leaves_nothing()
    {
        await space.SucceedAsync("run", "-d", "--rm", "--name", "box", "--cidfile", space["id"], "busybox", "sleep", "1000");
        Assert.Equal((await space.SucceedAsync("ps", "-q")).Trim(), (await File.ReadAllTextAsync(space["id"])).Trim());

        await space.SucceedAsync("stop", "-t", "0", "box");

        await AssertNothingIsLeftAsync();
    }

    [JailFact]
    public async Task Policies_bring_it_back_and_a_stop_ends_them()
    {
        await space.SucceedAsync("run", "-d", "--name", "failing", "--restart", "on-failure:2", "busybox", "sh", "-c", "echo run; exit 1");
        await space.SucceedAsync("run", "-d", "--name", "always", "--restart", "always", "busybox", "sh", "-c", "until [ -e /end ]; do sleep 0.05; done; rm /end");

        await KleeneSpace.EventuallyAsync(async () => await space.SucceedAsync("ps", "-a", "-f", "name=failing", "--format", "{{.state}} {{.restarts}}") == "exited 2\n");
        Assert.Equal("run\nrun\nrun\n", await space.SucceedAsync("logs", "failing"));
        await space.SucceedAsync("exec", "always", "touch", "/end");
        await KleeneSpace.EventuallyAsync(async () => await space.SucceedAsync("ps", "-f", "name=always", "--format", "{{.state}} {{.restarts}}") == "running 1\n");

        await space.SucceedAsync("stop", "-t", "0", "always");
        await space.SucceedAsync("ps");
        Assert.Equal("exited\n", await space.SucceedAsync("inspect", "-f", "{{.state}}", "always"));
        await space.SucceedAsync("rm", "failing", "always");
        await AssertNothingIsLeftAsync();
    }

    [JailFact]
    public async Task One_whose_supervisor_was_killed_goes_on_and_can_be_stopped()
    {
        await space.SucceedAsync("run", "-d", "--name", "box", "busybox", "sleep", "1000");
        space.Shell($"kill -9 $(pgrep -f -- '^[^ ]*conmon .*--bundle .*{await IdAsync("box")}')");

        Assert.Equal("running\n", await space.SucceedAsync("ps", "--format", "{{.state}}"));
        await space.SucceedAsync("exec", "box", "true");
        await space.SucceedAsync("stop", "-t", "0", "box");

        Assert.Equal("exited\n", await space.SucceedAsync("ps", "-a", "--format", "{{.state}}"));
        Assert.Equal("unknown\n", await space.SucceedAsync("wait", "box"));
        await space.SucceedAsync("rm", "box");
        await AssertNothingIsLeftAsync();
    }

    [JailFact]
    public async Task After_a_restart_of_the_machine_the_next_command_brings_all_into_line_and_starts_nothing()
    {
        await space.SucceedAsync("run", "-d", "--name", "box", "--restart", "always", "busybox", "sleep", "1000");
        await space.SucceedAsync("run", "-d", "--rm", "--name", "gone", "busybox", "sleep", "1000");

        await space.RestartMachineAsync();

        Assert.Equal("box exited\n", await space.SucceedAsync("ps", "-a", "--format", "{{.name}} {{.state}}"));
        Assert.Equal("box exited\n", await space.SucceedAsync("ps", "-a", "--format", "{{.name}} {{.state}}"));
        await space.SucceedAsync("start", "box");
        await space.SucceedAsync("rm", "-f", "box");
        await AssertNothingIsLeftAsync();
    }

    [JailFact]
    public async Task Terminals_come_and_go_and_the_shell_behind_them_stays()
    {
        var script = Path.Join(KleeneSpace.Repository, "tests/Cli.Tests/Containers/terminals.py");

        Assert.Equal("ok\n", space.Shell($"python3 '{script}' {space.Command()}"));

        await space.SucceedAsync("rm", "box");
        await AssertNothingIsLeftAsync();
    }

    [JailFact]
    public async Task Many_are_started_and_stopped_at_once_and_nothing_leaks()
    {
        const int Count = 50;
        var names = Enumerable.Range(0, Count).Select(number => $"box{number}").ToArray();

        await Task.WhenAll(names.Select((name, number) => space.SucceedAsync("run", "-d", "--name", name, "-p", $"{18100 + number}:80", "busybox", "sleep", "1000")));
        Assert.Equal(Count, (await space.SucceedAsync("ps", "-q")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        await space.SucceedAsync(["stop", "-t", "0", .. names]);
        Assert.All((await space.SucceedAsync("ps", "-a", "--format", "{{.status}}")).Split('\n', StringSplitOptions.RemoveEmptyEntries), status => Assert.Equal("exited (137)", status));
        await space.SucceedAsync("prune");

        Assert.Equal("all is well\n", await space.SucceedAsync("system", "check"));
        await AssertNothingIsLeftAsync();
    }

    private async Task<string> IdAsync(string name) => (await space.SucceedAsync("inspect", "-f", "{{.id}}", name)).Trim();

    private async Task AssertNothingIsLeftAsync()
    {
        // What is called at the end of a run may still be at it.
        await KleeneSpace.EventuallyAsync(async () => (await space.SucceedAsync("ps", "-a", "-q")).Length == 0 && !Bundles().Any());
        await space.AssertCleanAsync();
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(space.StateRoot, "containers")));
        await KleeneSpace.EventuallyAsync(() => Task.FromResult(Directory.GetFiles(Path.Join(space.StateRoot, "sessions")).Length == 0));
        Assert.Equal("", space.Shell($"pgrep -f -- '[-]-bundle {space.JailDirectory}' || true"));
    }

    private IEnumerable<string> Bundles() =>
        Directory.Exists(Path.Join(space.JailDirectory, "bundles")) ? Directory.EnumerateFileSystemEntries(Path.Join(space.JailDirectory, "bundles")) : [];
}
