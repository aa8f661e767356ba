using System.Diagnostics;
using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;
using Kleene.Build.Testing.Processes;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

/// <summary>What the driver asks the runtime for, with nothing run.</summary>
public sealed class LinuxJailTranscriptTests : IAsyncLifetime
{
    private readonly BusyboxTree tree = new();
    private readonly RecordingProcessRunner processes = new();

    [Fact]
    public async Task A_clean_run_is_one_process()
    {
        using var driver = Driver("crun", CgroupLayout.Unified);

        var exit = await driver.RunAsync(Spec, ProcessOutput.Captured, CancellationToken.None);

        Assert.True(exit.Success);
        Assert.Equal("crun --root S/runtime --log S/bundles/jail1/log --log-format json run --bundle S/bundles/jail1 --pid-file S/bundles/jail1/pid jail1\n", Transcript);
        Assert.Empty(processes.Commands[0].HiddenMounts);
        Assert.Equal(Timeout.InfiniteTimeSpan, processes.Commands[0].Timeout);
    }

    [Theory]
    [InlineData("crun", "/sys/fs/cgroup/unified")]
    [InlineData("/opt/bin/crun-1.20", "/sys/fs/cgroup/unified")]
    [InlineData("runc", "")]
    public async Task Only_crun_must_not_see_the_second_half_of_a_hybrid_host(string runtime, string hidden)
    {
        using var driver = Driver(runtime, CgroupLayout.Hybrid);

        await driver.RunAsync(Spec, ProcessOutput.Captured, CancellationToken.None);

        Assert.Equal(hidden, string.Join(' ', processes.Commands[0].HiddenMounts));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(137)]
    public async Task A_commands_own_exit_code_is_passed_on_whatever_it_is(int code)
    {
        using var driver = Driver();
        processes.Reply("run", code, error: "sh: nosuch: not found", first: _ => File.WriteAllText(Path.Join(tree.State, "bundles/jail1/log"), ""));

        var exit = await driver.RunAsync(Spec, ProcessOutput.Captured, CancellationToken.None);

        Assert.Equal(code, exit.ShellCode);
        Assert.Single(processes.Commands);
    }

    [Theory]
    [InlineData("executable file `nosuch` not found in $PATH: No such file or directory", 127, "'true' is not in any directory of the image's PATH (/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)")]
    [InlineData("open executable: Permission denied", 126, "'true' could not be started: open executable: Permission denied")]
    [InlineData("mount `proc`: Permission denied", 125, "crun could not start 'jail1': mount `proc`: Permission denied")]
    public async Task A_runtimes_own_error_is_told_from_the_commands_and_cleaned_up(string logged, int exitCode, string message)
    {
        using var driver = Driver();
        processes.Reply("run", 1, first: _ => File.WriteAllText(Path.Join(tree.State, "bundles/jail1/log"), $$"""{"msg":"{{logged}}","level":"error"}"""));

        var error = await Assert.ThrowsAsync<JailStartException>(() => driver.RunAsync(Spec, ProcessOutput.Captured, CancellationToken.None));

        Assert.Equal((exitCode, message), (error.ExitCode, error.Message));
        Assert.EndsWith("crun --root S/runtime delete --force jail1\n", Transcript, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Join(tree.State, "bundles")));
    }

    [Fact]
    public async Task A_runtime_that_fails_before_it_has_a_log_did_not_run_the_command()
    {
        using var driver = Driver();
        processes.Reply("run", 1, error: "Error: open log file `x`: No space left on device\n");

        var error = await Assert.ThrowsAsync<JailStartException>(() => driver.RunAsync(Spec, ProcessOutput.Captured, CancellationToken.None));

        Assert.Equal((125, "crun could not start 'jail1': Error: open log file `x`: No space left on device"), (error.ExitCode, error.Message));
    }

    [Fact]
    public async Task A_runtime_that_is_killed_takes_its_jail_with_it()
    {
        using var driver = Driver();
        processes.Reply("run", (_, _) => Task.FromResult(new ProcessResult(new ExitStatus(0, Signal: 9), "", "")));

        var error = await Assert.ThrowsAsync<JailStartException>(() => driver.RunAsync(Spec, ProcessOutput.Captured, CancellationToken.None));

        Assert.Equal("the runtime 'crun' was ended by signal 9, and 'jail1' with it", error.Message);
        Assert.EndsWith("delete --force jail1\n", Transcript, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tool_that_went_missing_leaves_nothing_in_the_tree()
    {
        using var driver = Driver();
        var before = TreeListing.Of(tree.Root);
        processes.Reply("run", (_, _) => Task.FromException<ProcessResult>(new ToolMissingException("crun")));

        await Assert.ThrowsAsync<ToolMissingException>(() => driver.RunAsync(Spec, ProcessOutput.Captured, CancellationToken.None));

        Assert.Equal(before, TreeListing.Of(tree.Root));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Join(tree.State, "bundles")));
    }

    [Fact]
    public async Task Cancelling_kills_the_jail_and_deletes_it_only_when_the_runtime_has_ended()
    {
        using var driver = Driver();
        using var cancel = new CancellationTokenSource();
        using var process = Process.Start("sleep", ["100"]);
        var group = Directory.CreateDirectory(Path.Join(tree.Scratch, "cgroup/pids/kleene-jail1")).FullName;
        File.WriteAllText(Path.Join(group, "cgroup.procs"), $"{process.Id}\n");
        var hasEnded = false;
        processes.Reply("run", async (_, _) =>
        {
            await cancel.CancelAsync();
            await process.WaitForExitAsync(CancellationToken.None);
            Directory.Delete(group, recursive: true);
            hasEnded = true;
            return new ProcessResult(new ExitStatus(137), "", "");
        });
        processes.Reply("delete", first: _ => Assert.True(hasEnded));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => driver.RunAsync(Spec, ProcessOutput.Captured, cancel.Token));

        Assert.Equal(["run", "delete"], processes.Commands.Select(Verb));
        Assert.Equal(137, process.ExitCode);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Join(tree.State, "bundles")));
    }

    [Fact]
    public async Task What_a_dead_process_left_under_the_same_id_is_removed_first()
    {
        using var driver = Driver();
        MakeBundle();
        processes.Reply("state", 1, error: "container `jail1` does not exist");

        await driver.RunAsync(Spec, ProcessOutput.Captured, CancellationToken.None);

        Assert.Equal(["state", "delete", "run"], processes.Commands.Select(Verb));
    }

    [Fact]
    public async Task A_jail_that_runs_is_not_started_twice()
    {
        using var driver = Driver();
        MakeBundle();
        processes.Reply("state", output: """{"ociVersion":"1.0.0","id":"jail1","status":"running","pid":4711}""");

        var error = await Assert.ThrowsAsync<JailStartException>(() => driver.RunAsync(Spec, ProcessOutput.Captured, CancellationToken.None));

        Assert.Equal("'jail1' is already running", error.Message);
    }

    [Fact]
    public async Task A_signal_is_sent_by_number_and_a_jail_that_ended_meanwhile_is_not_running()
    {
        using var driver = Driver();
        Directory.CreateDirectory(Path.Join(tree.State, "bundles/jail1"));
        processes.Reply("kill").Reply("kill", 1, error: "kill container: No such process").Reply("state", output: """{"status":"stopped"}""");

        await driver.SignalAsync("jail1", 15, CancellationToken.None);
        await Assert.ThrowsAsync<JailNotRunningException>(() => driver.SignalAsync("jail1", 15, CancellationToken.None));

        Assert.StartsWith("crun --root S/runtime kill jail1 15\n", Transcript, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_asked_about_a_jail_that_has_no_bundle()
    {
        using var driver = Driver();

        await driver.RemoveAsync("jail1", CancellationToken.None);
        var running = await driver.IsRunningAsync("jail1", CancellationToken.None);

        Assert.False(running);
        await Assert.ThrowsAsync<JailNotRunningException>(() => driver.SignalAsync("jail1", 15, CancellationToken.None));
        await Assert.ThrowsAsync<JailNotRunningException>(() => driver.ExecAsync("jail1", Spec.Process, ProcessOutput.Captured, CancellationToken.None));
        Assert.Empty(processes.Commands);
    }

    [Fact]
    public async Task A_runtime_that_is_not_there_is_named_with_what_to_install()
    {
        using var driver = new LinuxJailDriver(processes, tree.State, "/opt/nosuch/crun");

        var error = await Assert.ThrowsAsync<JailStartException>(() => driver.RunAsync(Spec, ProcessOutput.Captured, CancellationToken.None));

        Assert.StartsWith("the runtime '/opt/nosuch/crun' is not installed", error.Message, StringComparison.Ordinal);
        Assert.Empty(processes.Commands);
    }

    public Task InitializeAsync() => tree.InitializeAsync();

    public Task DisposeAsync() => tree.DisposeAsync();

    private JailSpec Spec => tree.Jail("true") with { Id = "jail1" };

    private string Transcript => string.Concat(processes.Commands.Select(command =>
        string.Join(' ', command.Arguments.Prepend(command.Program)).Replace(tree.State, "S", StringComparison.Ordinal) + "\n"));

    private static string Verb(CommandLine command) => command.Arguments.First(word => word is "run" or "state" or "delete" or "kill" or "exec");

    /// <summary>What there is of a jail that a runtime was told to make.</summary>
    private void MakeBundle() => File.WriteAllText(Path.Join(Directory.CreateDirectory(Path.Join(tree.State, "bundles/jail1")).FullName, "config.json"), "{}");

    private LinuxJailDriver Driver(string runtime = "crun", CgroupLayout cgroups = CgroupLayout.Unified)
    {
        var host = new HostFacts
        {
            BoundingCapabilities = ulong.MaxValue,
            OpenFiles = 1024,
            Cgroups = cgroups,
            CountsSwap = true,
            Architecture = Architecture.X64,
        };
        var oci = new OciRuntime(runtime, runtime, Path.Join(tree.State, "runtime"), host);
        var groups = new ControlGroups(CgroupLayout.Separate, Path.Join(tree.Scratch, "cgroup"));
        return new LinuxJailDriver(processes, tree.State, new JailHost(host, groups), new JailTools(oci, new OciConfig(host, oci.Seccomp)));
    }
}
