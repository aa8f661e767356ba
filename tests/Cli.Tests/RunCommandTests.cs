using System.Text.Json;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

public sealed class RunCommandTests : IAsyncLifetime
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

    [JailTheory]
    [InlineData(0, "true")]
    [InlineData(42, "exit 42")]
    [InlineData(127, "no-such-command-inside")]
    [InlineData(143, "kill -TERM $$; sleep 1; trap - TERM; exit 143")]
    public async Task The_container_s_exit_code_is_ours(int code, string script)
    {
        var result = await space.RunAsync("run", "--rm", "busybox", "sh", "-c", script);

        Assert.Equal(code, result.Exit.ShellCode);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task What_cannot_be_started_has_the_shell_s_codes()
    {
        var missing = await space.FailAsync(127, "run", "--rm", "busybox", "ecko");
        var directory = await space.FailAsync(126, "run", "--rm", "busybox", "/etc/passwd");
        var image = await space.FailAsync(125, "run", "--rm", "busybocks", "true");

        Assert.StartsWith("error: 'ecko'", missing, StringComparison.Ordinal);
        Assert.StartsWith("error: '/etc/passwd'", directory, StringComparison.Ordinal);
        Assert.Equal("error: there is no image 'busybocks'; did you mean 'busybox:latest'?\n", image);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task Environment_user_directory_and_entry_point_are_what_was_asked_for()
    {
        Assert.Equal("a b\n", await space.SucceedAsync("run", "--rm", "-e", "X=a b", "busybox", "sh", "-c", "echo \"$X\""));
        Assert.Equal("1000 1001\n", await space.SucceedAsync("run", "--rm", "-u", "web", "busybox", "sh", "-c", "echo $(id -u) $(id -g)"));
        Assert.Equal("/tmp\n", await space.SucceedAsync("run", "--rm", "-w", "/tmp", "busybox", "pwd"));
        Assert.Equal("-n x\n", await space.SucceedAsync("run", "--rm", "--entrypoint", "sh", "busybox", "-c", "echo -- -n x | cut -c4-"));
        Assert.Equal("box\n", await space.SucceedAsync("run", "--rm", "--hostname", "box", "busybox", "hostname"));
    }

    [JailFact]
    public async Task Options_end_at_the_image()
    {
        var result = await space.RunAsync("run", "--rm", "busybox", "echo", "--rm", "-e", "--network=none");

        Assert.Equal("--rm -e --network=none\n", result.Output);
    }

    [JailFact]
    public async Task A_directory_of_the_host_is_shared_and_may_be_protected()
    {
        var directory = space.MakeDirectory("shared folder");

        await space.SucceedAsync("run", "--rm", "-v", $"{directory}:/data", "busybox", "sh", "-c", "echo written > /data/file");
        var denied = await space.RunAsync("run", "--rm", "-v", $"{directory}:/data:ro", "busybox", "sh", "-c", "echo again > /data/file");

        Assert.Equal("written\n", await File.ReadAllTextAsync(Path.Join(directory, "file")));
        Assert.NotEqual(0, denied.Exit.ShellCode);
    }

    [JailFact]
    public async Task Input_reaches_the_container_only_when_it_was_asked_for()
    {
        var given = await space.RunAsync(Piped("printf 'from outside' | ", "run", "--rm", "-i", "busybox", "cat"));
        var kept = await space.RunAsync(Piped("printf 'from outside' | ", "run", "--rm", "busybox", "cat"));

        Assert.Equal("from outside", given.Output);
        Assert.Equal("", kept.Output);
    }

    [JailFact]
    public async Task A_terminal_is_a_terminal_with_the_size_of_ours()
    {
        // script(1) gives us a terminal of our own; its first line sets the size.
        var command = space.Command("run", "--rm", "-it", "busybox", "sh", "-c", "tty -s && stty size; exit 5");
        var line = $"stty rows 33 cols 99; {command}";

        var result = await space.RunAsync(CommandLine.Of("script", "-qec", line, "/dev/null"));

        Assert.Contains("33 99", result.Output, StringComparison.Ordinal);
        Assert.Equal(5, result.Exit.Code);
    }

    [JailFact]
    public async Task A_terminal_that_we_have_not_cannot_be_given()
    {
        var said = await space.FailAsync(2, "run", "--rm", "-t", "busybox", "true");

        Assert.StartsWith("error: --tty needs a terminal", said, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_container_that_is_left_to_itself_has_a_terminal_also_when_we_have_none()
    {
        var id = (await space.SucceedAsync("run", "-d", "-t", "busybox", "sh", "-c", "tty -s && echo on a terminal")).Trim();

        Assert.Equal("0", (await space.SucceedAsync("wait", id)).Trim());
        Assert.Contains("on a terminal", await space.SucceedAsync("logs", id), StringComparison.Ordinal);
        await space.SucceedAsync("rm", id);
    }

    [JailFact]
    public async Task Without_a_network_there_is_only_a_loopback()
    {
        var result = await space.SucceedAsync("run", "--rm", "--network", "none", "busybox", "sh", "-c", "ip -o link | wc -l");

        Assert.Equal("1", result.Trim());
    }

    [JailFact]
    public async Task A_container_that_was_not_to_be_removed_stays_with_its_exit_code()
    {
        await space.RunAsync("run", "--name", "kept", "busybox", "sh", "-c", "echo here > /file; exit 3");

        using var listed = JsonDocument.Parse(await space.SucceedAsync("ps", "-a", "--format", "json"));
        Assert.Equal("kept", listed.RootElement[0].GetProperty("name").GetString());
        Assert.Equal(3, listed.RootElement[0].GetProperty("exitCode").GetInt32());
        Assert.Empty(space.Mounts());
        var taken = await space.FailAsync(125, "run", "--name", "kept", "busybox", "true");
        Assert.Contains("'kept' is taken", taken, StringComparison.Ordinal);

        await space.SucceedAsync("rm", "kept");
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_running_container_can_be_listed_entered_and_stopped()
    {
        var running = space.RunAsync("run", "--rm", "--name", "server", "-e", "A=1", "busybox", "sh", "-c", "echo up > /up; trap 'exit 9' TERM; while true; do sleep 0.1; done");
        await KleeneSpace.EventuallyAsync(async () => (await space.RunAsync("exec", "server", "cat", "/up")).Output == "up\n");

        Assert.Equal("server\n", await space.SucceedAsync("ps", "--format", "{{.name}}"));
        Assert.Equal("1 two\n", await space.SucceedAsync("exec", "-e", "B=two", "server", "sh", "-c", "echo $A $B"));
        Assert.Equal(4, (await space.RunAsync("exec", "server", "sh", "-c", "exit 4")).Exit.ShellCode);
        Assert.Equal("1000\n", await space.SucceedAsync("exec", "-u", "web", "server", "id", "-u"));
        await space.FailAsync(127, "exec", "server", "no-such-command");
        Assert.Contains("is running", await space.FailAsync(1, "rm", "server"), StringComparison.Ordinal);
        await space.SucceedAsync("stop", "server");

        Assert.Equal(9, (await running).Exit.ShellCode);
        Assert.Contains("there is no container 'server'", await space.FailAsync(125, "exec", "server", "true"), StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_container_that_will_not_stop_is_killed()
    {
        var running = space.RunAsync("run", "--name", "deaf", "busybox", "sh", "-c", "echo up > /up; trap '' TERM; while true; do sleep 0.1; done");
        await KleeneSpace.EventuallyAsync(async () => (await space.RunAsync("exec", "deaf", "cat", "/up")).Output == "up\n");

        await space.SucceedAsync("stop", "-t", "0.2", "deaf");

        Assert.Equal(137, (await running).Exit.ShellCode);
        Assert.Equal("exited (137)\n", await space.SucceedAsync("ps", "-a", "--format", "{{.status}}"));
    }

    [JailFact]
    public async Task A_signal_to_us_is_for_the_container()
    {
        var shell = $"{space.Command("run", "--rm", "--name", "told", "busybox", "sh", "-c", "echo up > /up; trap 'exit 11' TERM; while true; do sleep 0.1; done")} & pid=$!; while ! {space.Command("exec", "told", "cat", "/up")} > /dev/null 2>&1; do sleep 0.1; done; kill -TERM $pid; wait $pid";

        var result = await space.RunAsync(CommandLine.Of("sh", "-c", shell));

        Assert.Equal(11, result.Exit.ShellCode);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_container_whose_command_was_killed_is_seen_for_what_it_is()
    {
        using var kill = new CancellationTokenSource();
        var running = space.RunAsync(
            CommandLine.Of("sh", "-c", $"echo $$ > '{space["pid"]}'; exec {space.Command("run", "--name", "orphan", "busybox", "sh", "-c", "echo up > /up; exec sleep 1000")}"));
        await KleeneSpace.EventuallyAsync(async () => (await space.RunAsync("exec", "orphan", "cat", "/up")).Output == "up\n");

        await space.RunAsync(CommandLine.Of("kill", "-9", (await File.ReadAllTextAsync(space["pid"])).Trim()));
        await running;

        Assert.Equal("orphan\n", await space.SucceedAsync("ps", "--format", "{{.name}}"));
        await space.SucceedAsync("stop", "-t", "0", "orphan");
        Assert.Equal("exited\n", await space.SucceedAsync("ps", "-a", "--format", "{{.state}}"));
        await space.SucceedAsync("rm", "orphan");
        await space.AssertCleanAsync();
    }

    private CommandLine Piped(string before, params ReadOnlySpan<string> arguments) => CommandLine.Of("sh", "-c", before + space.Command(arguments));
}
