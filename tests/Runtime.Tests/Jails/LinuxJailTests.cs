using System.Diagnostics;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;
using Kleene.Build.Testing.Processes;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

/// <summary>Real jails: a probe inside says what it sees.</summary>
public sealed class LinuxJailTests : IAsyncLifetime
{
    /// <summary>Instead of a runtime's name: our own program.</summary>
    private const string Launcher = "launch";

    private readonly BusyboxTree tree = new();
    private readonly OutputLines lines = new();

    [JailTheory]
    [InlineData("crun")]
    [InlineData(Launcher)]
    [InlineData("runc")]
    public async Task The_first_process_is_the_command_itself_in_a_world_of_its_own(string runtime)
    {
        var spec = tree.Shell("""
            echo pid $$; hostname; id; pwd; env; cat /etc/hosts /etc/hostname; wc -c < /etc/resolv.conf; ls /sys/class/net
            grep -E '^(CapBnd|CapEff|NoNewPrivs|Seccomp):' /proc/self/status
            """) with { Hostname = "the-host" };

        var exit = await RunAsync(runtime, spec);

        Assert.True(exit.Success, string.Join('\n', lines.Error));
        Assert.Equal(
            [
                "pid 1", "the-host", "uid=0(root) gid=0(root) groups=1002(logs)", "/",
                "HOME=/root", "HOSTNAME=the-host", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PWD=/", "SHLVL=1",
                "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", "ff02::1\tip6-allnodes", "ff02::2\tip6-allrouters", "127.0.1.1\tthe-host",
                "the-host", "0", "lo",
                "CapEff:\t00000000a80425fb", "CapBnd:\t00000000a80425fb", "NoNewPrivs:\t1", "Seccomp:\t2",
            ],
            [.. lines.Output.Take(4), .. lines.Output.Skip(4).Take(5).Order(StringComparer.Ordinal), .. lines.Output.Skip(9)]);
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData(Launcher)]
    [InlineData("runc")]
    public async Task A_user_gets_the_groups_home_and_directory_that_are_his(string runtime)
    {
        var spec = tree.Shell("id; echo $HOME \"$A\"; pwd; grep CapEff /proc/self/status; echo x > /forbidden");
        spec = spec with { Process = spec.Process with { User = "web", WorkingDirectory = "/not/yet there", Environment = ["A=a  b'\"$"] } };

        var exit = await RunAsync(runtime, spec);

        Assert.Equal(1, exit.Code);
        Assert.Equal(["uid=1000(web) gid=1001(www) groups=1002(logs)", "/srv/web a  b'\"$", "/not/yet there", "CapEff:\t0000000000000000"], lines.Output);
        Assert.Equal("sh: can't create /forbidden: Permission denied", Assert.Single(lines.Error));
        Assert.False(Directory.Exists(tree.At("not")));
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData(Launcher)]
    [InlineData("runc")]
    public async Task A_file_of_the_jails_own_is_in_memory_and_gone_with_it(string runtime)
    {
        var spec = tree.Shell("stat -c '%a %u:%g %s' /run/secrets/a; cat /run/secrets/a /m/b; echo $TOKEN; touch /run/secrets/a /m/b; ls /m; grep -c ' /m tmpfs ' /proc/mounts") with
        {
            Mounts = [JailMount.Memory("/m", 65536)],
            Files = [new JailFile("/run/secrets/a", "one\n"u8.ToArray(), 0x100, new Kleene.Build.Runtime.Files.FileOwner(5, 6)), new JailFile("/m/b", "two\n"u8.ToArray(), 0x124, default)],
        };
        spec = spec with { Process = spec.Process with { SecretEnvironment = ["TOKEN=three"] } };

        var refused = await Assert.ThrowsAsync<JailStartException>(() => RunAsync(runtime, spec));
        var memory = Directory.CreateDirectory($"/dev/shm/kleene test {Guid.NewGuid():N}").FullName;
        using var driver = Driver(runtime, memory);
        var exit = await driver.RunAsync(For(runtime, spec), ProcessOutput.To(lines), CancellationToken.None);
        var left = Directory.EnumerateFiles(memory, "*", SearchOption.AllDirectories).ToList();
        Directory.Delete(memory, recursive: true);

        Assert.Contains("secrets are kept in memory only", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(left, file => !file.EndsWith(".lock", StringComparison.Ordinal));
        Assert.True(exit.Success, string.Join('\n', lines.Error));
        Assert.Equal(["400 5:6 4", "one", "two", "three", "b", "1"], lines.Output);
        Assert.Equal(2, lines.Error.Count(line => line.EndsWith("Read-only file system", StringComparison.Ordinal)));
        Assert.False(Directory.Exists(tree.At("run")) || Directory.Exists(tree.At("m")));
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task A_privileged_jail_may_mount_and_sees_the_kernel(string runtime)
    {
        var exit = await RunAsync(runtime, tree.Shell("mkdir /mnt && mount -t tmpfs tmpfs /mnt && mknod /mnt/n c 1 3 && echo x > /mnt/n && grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status") with { IsPrivileged = true });

        Assert.True(exit.Success, string.Join('\n', lines.Error));
        Assert.Equal(["NoNewPrivs:\t0", "Seccomp:\t0"], lines.Output);
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData(Launcher)]
    [InlineData("runc")]
    public async Task The_hosts_kernel_is_out_of_reach(string runtime)
    {
        var spec = tree.Shell("""
            try() { "$@" 2>/dev/null && echo "$* worked"; }
            try mount -t tmpfs none /tmp
            try unshare -U true
            try unshare -n true
            try sh -c 'echo 1 > /proc/sys/kernel/sysrq'
            try sh -c 'echo b > /proc/sysrq-trigger'
            try sh -c 'echo 1 > /sys/kernel/mm/ksm/run'
            try sh -c 'test -n "$(head -c 1 /proc/keys)"'
            try sh -c 'test -n "$(ls /sys/firmware)"'
            date -s 2001-01-01 >/dev/null 2>&1; try test $(date +%Y) = 2001
            mknod /tmp/disk b 254 0 && try dd if=/tmp/disk of=/dev/null bs=1 count=1
            mknod /dev/mem2 c 1 1 && try dd if=/dev/mem2 of=/dev/null bs=1 count=1
            for device in null zero full random urandom tty; do test -c /dev/$device || echo no $device; done
            head -c 3 /dev/zero | wc -c
            """);

        await RunAsync(runtime, spec);

        Assert.Equal(["3"], lines.Output);
    }

    [JailTheory]
    [InlineData("crun", "exit 0", 0)]
    [InlineData(Launcher, "exit 0", 0)]
    [InlineData("crun", "exit 1", 1)]
    [InlineData(Launcher, "exit 1", 1)]
    [InlineData("crun", "exit 42", 42)]
    [InlineData(Launcher, "exit 42", 42)]
    [InlineData("crun", "echo 'executable file not found in $PATH' >&2; exit 127", 127)]
    [InlineData(Launcher, "echo 'executable file not found in $PATH' >&2; exit 127", 127)]
    [InlineData("crun", "exit 126", 126)]
    [InlineData(Launcher, "exit 126", 126)]
    [InlineData("crun", "sleep 100 & kill -9 $!; wait $!", 137)]
    [InlineData(Launcher, "sleep 100 & kill -9 $!; wait $!", 137)]
    [InlineData("runc", "exit 42", 42)]
    [InlineData("runc", "echo 'exec: \"x\": executable file not found in $PATH' >&2; exit 1", 1)]
    [InlineData("runc", "nosuch", 127)]
    [InlineData(Launcher, "nosuch", 127)]
    public async Task The_commands_own_exit_code_comes_out(string runtime, string script, int code)
    {
        var exit = await RunAsync(runtime, tree.Shell(script));

        Assert.Equal(code, exit.ShellCode);
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData(Launcher)]
    [InlineData("runc")]
    public async Task A_command_beneath_a_mount_that_does_not_exist_is_the_runtimes_to_find_out(string runtime)
    {
        var data = Directory.CreateDirectory(Path.Join(tree.Scratch, "data")).FullName;
        var spec = tree.Jail("/data/nosuch") with { Mounts = [new JailMount(data, "/data")] };

        var error = await Assert.ThrowsAsync<JailStartException>(() => RunAsync(runtime, spec));

        Assert.Equal(127, error.ExitCode);
        Assert.Empty(JailRemains.Of(tree, spec.Id, "nosuch"));
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData(Launcher)]
    [InlineData("runc")]
    public async Task A_jail_leaves_no_trace_in_its_tree(string runtime)
    {
        File.CreateSymbolicLink(tree.At("etc/resolv.conf"), "../run/resolve/stub.conf");
        tree.Write("etc/hostname", "from the image\n");
        var spec = tree.Jail("true") with { Mounts = [new JailMount(tree.Scratch, "/made/for/mount")] };
        spec = spec with { Process = spec.Process with { WorkingDirectory = "/made/work" } };
        var before = TreeListing.Of(tree.Root);

        var exit = await RunAsync(runtime, spec);

        Assert.True(exit.Success, string.Join('\n', lines.Error));
        Assert.Equal(before, TreeListing.Of(tree.Root));
        Assert.Empty(JailRemains.Of(tree, spec.Id, spec.Id));
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData(Launcher)]
    public async Task What_the_command_did_in_the_tree_is_all_that_changes_there(string runtime)
    {
        var before = TreeListing.Of(tree.Root).Split('\n');

        await RunAsync(runtime, tree.Shell("echo kept > /tmp/new; echo lost > /etc/resolv.conf; mkdir -p /etc/more"));

        var after = TreeListing.Of(tree.Root).Split('\n');
        var changed = after.Except(before).Select(line => line.Split(' ')[0]);
        Assert.Equal(["./etc", "./etc/more", "./tmp", "./tmp/new"], changed);
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData(Launcher)]
    [InlineData("runc")]
    public async Task An_image_of_evil_links_is_kept_inside_its_root(string runtime)
    {
        var outside = Directory.CreateDirectory(Path.Join(tree.Scratch, "outside")).FullName;
        Directory.Delete(tree.At("etc"), recursive: true);
        File.CreateSymbolicLink(tree.At("etc"), outside);
        File.CreateSymbolicLink(tree.At("mnt"), "../../../../../../../../../.." + outside);
        var spec = tree.Shell("cat /etc/hostname; ls /mnt/in") with { Mounts = [new JailMount(tree.Scratch, "/mnt/in")] };
        var before = TreeListing.Of(outside);

        var exit = await RunAsync(runtime, spec);

        Assert.True(exit.Success, string.Join('\n', lines.Error));
        Assert.Equal(before, TreeListing.Of(outside));
        Assert.Equal([spec.Id, "outside", "root $HOME", "state"], lines.Output);
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData(Launcher)]
    public async Task Mounts_show_the_hosts_files_writable_or_not(string runtime)
    {
        var data = Directory.CreateDirectory(Path.Join(tree.Scratch, "data dir")).FullName;
        File.WriteAllText(Path.Join(data, "file"), "from the host\n");
        var spec = tree.Shell("cat /one; echo by the jail > /rw/new; echo x > /ro/x") with
        {
            Mounts = [new JailMount(data, "/rw"), new JailMount(data, "/ro", ReadOnly: true), new JailMount(Path.Join(data, "file"), "/one")],
            ReadOnlyRoot = true,
        };

        await RunAsync(runtime, spec);

        Assert.Equal(["from the host"], lines.Output);
        Assert.Equal(["sh: can't create /ro/x: Read-only file system"], lines.Error);
        Assert.Equal("by the jail\n", File.ReadAllText(Path.Join(data, "new")));
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData(Launcher)]
    [InlineData("runc")]
    public async Task A_jail_on_the_hosts_network_shares_its_interfaces_and_resolver(string runtime)
    {
        var host = Directory.EnumerateDirectories("/sys/class/net").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
        var spec = tree.Shell("ls /sys/class/net; cat /etc/resolv.conf") with { Network = JailNetwork.Host };

        await RunAsync(runtime, spec);

        Assert.Equal([.. host, .. File.ReadAllLines("/etc/resolv.conf")], lines.Output);
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task Limits_hold(string runtime)
    {
        var limits = new JailLimits(MemoryBytes: 32 << 20, Cpus: 0.5, Processes: 20);

        var memory = await RunAsync(runtime, tree.Shell("dd if=/dev/zero of=/dev/null bs=100M count=1") with { Limits = limits });
        await RunAsync(runtime, tree.Shell("for i in $(seq 40); do sleep 100 & done; echo not reached") with { Limits = limits });

        Assert.NotEqual(0, memory.ShellCode);
        Assert.DoesNotContain("not reached", lines.Output);
        Assert.Contains("sh: can't fork: Resource temporarily unavailable", lines.Error);
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData(Launcher)]
    [InlineData("runc")]
    public async Task Lines_arrive_while_the_command_runs(string runtime)
    {
        using var driver = Driver(runtime);
        var pipe = Path.Join(tree.Root, "tmp/go");
        using (var make = Process.Start("mkfifo", [pipe]))
        {
            await make.WaitForExitAsync();
        }

        var run = driver.RunAsync(For(runtime, tree.Shell("echo first; read word < /tmp/go; echo $word")), ProcessOutput.To(lines), CancellationToken.None);
        await lines.WhenSeen("first", run);
        await File.WriteAllTextAsync(pipe, "second\n");

        Assert.True((await run).Success);
        Assert.Equal(["first", "second"], lines.Output);
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData(Launcher)]
    [InlineData("runc")]
    public async Task Cancelling_leaves_nothing_behind(string runtime)
    {
        using var driver = Driver(runtime);
        using var cancel = new CancellationTokenSource();
        var marker = $"100{Random.Shared.Next(100000, 999999)}";
        var spec = tree.Shell($"trap '' INT TERM; sleep {marker} & echo started; sleep {marker}");
        var before = TreeListing.Of(tree.Root);

        var run = driver.RunAsync(For(runtime, spec), ProcessOutput.To(lines), cancel.Token);
        await lines.WhenSeen("started", run);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Empty(JailRemains.Of(tree, spec.Id, marker));
        Assert.Equal(before, TreeListing.Of(tree.Root));
    }

    [JailTheory]
    [InlineData(Launcher, 1)]
    [InlineData("crun", 1)]
    [InlineData("runc", 4)]
    public async Task Cancelling_at_any_moment_of_the_start_leaves_nothing_behind(string runtime, int step)
    {
        using var driver = Driver(runtime);
        var marker = $"100{Random.Shared.Next(100000, 999999)}";
        var before = TreeListing.Of(tree.Root);
        for (var moment = 0; moment < 12; moment++)
        {
            var spec = tree.Jail("sleep", marker);
            using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(moment * step));

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => driver.RunAsync(For(runtime, spec), ProcessOutput.Captured, cancel.Token));

            Assert.Empty(JailRemains.Of(tree, spec.Id, marker));
        }

        Assert.Equal(before, TreeListing.Of(tree.Root));
    }

    [JailTheory]
    [InlineData(Launcher, 1)]
    [InlineData("crun", 1)]
    [InlineData("runc", 4)]
    public async Task Another_process_removes_a_jail_that_one_which_was_killed_was_making(string runtime, int step)
    {
        using var killed = Driver(runtime, tree.State, new ForgetfulRunner());
        using var other = Driver(runtime);
        var marker = $"100{Random.Shared.Next(100000, 999999)}";
        var before = TreeListing.Of(tree.Root);
        for (var moment = 0; moment < 12; moment++)
        {
            var spec = tree.Jail("sleep", marker);
            _ = killed.RunAsync(For(runtime, spec), ProcessOutput.Captured, CancellationToken.None);
            while (!JailRemains.Of(tree, spec.Id, spec.Id).Any(remain => remain.StartsWith("process", StringComparison.Ordinal) || remain.StartsWith("group", StringComparison.Ordinal)))
            {
                // What is killed starts no runtime later on.
                await Task.Yield();
            }

            await Task.Delay(moment * step);

            await other.RemoveAsync(spec.Id, CancellationToken.None);

            Assert.Empty(JailRemains.Of(tree, spec.Id, marker));
        }

        Assert.Equal(before, TreeListing.Of(tree.Root));
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData(Launcher)]
    [InlineData("runc")]
    public async Task Another_process_removes_the_jail_of_one_that_was_killed(string runtime)
    {
        var marker = $"100{Random.Shared.Next(100000, 999999)}";
        var spec = tree.Shell($"trap '' INT TERM; sleep {marker} & echo up; sleep {marker}");
        var before = TreeListing.Of(tree.Root);
        using var killed = Driver(runtime, tree.State, new ForgetfulRunner());
        var run = killed.RunAsync(For(runtime, spec), ProcessOutput.To(lines), CancellationToken.None);
        await lines.WhenSeen("up", run);
        using var other = Driver(runtime);
        Assert.True(await other.IsRunningAsync(spec.Id, CancellationToken.None));

        await other.RemoveAsync(spec.Id, CancellationToken.None);
        await other.RemoveAsync(spec.Id, CancellationToken.None);

        Assert.False(await other.IsRunningAsync(spec.Id, CancellationToken.None));
        Assert.Empty(JailRemains.Of(tree, spec.Id, marker));
        Assert.Equal(before, TreeListing.Of(tree.Root));
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task Another_command_joins_a_running_jail(string runtime)
    {
        using var driver = Driver(runtime);
        var spec = tree.Shell("mkdir /tmp/d; echo up; read forever < /tmp/d/../fifo") with { Hostname = "joined" };
        using (var make = Process.Start("mkfifo", [tree.At("tmp/fifo")]))
        {
            await make.WaitForExitAsync();
        }

        var run = driver.RunAsync(spec, ProcessOutput.To(lines), CancellationToken.None);
        await lines.WhenSeen("up", run);
        var seen = new OutputLines();
        var process = new JailProcess { Argv = ["sh", "-c", "hostname; id -u; pwd; echo $A; grep -E 'CapEff|Seccomp:|NoNewPrivs' /proc/self/status; exit 3"], User = "web", WorkingDirectory = "/tmp/d", Environment = ["A=1"] };
        using var other = Driver(runtime);
        var exit = await other.ExecAsync(spec.Id, process, ProcessOutput.To(seen), CancellationToken.None);
        var missing = await Assert.ThrowsAsync<JailStartException>(() => other.ExecAsync(spec.Id, new JailProcess { Argv = ["slep"] }, ProcessOutput.Captured, CancellationToken.None));
        Assert.True(await other.IsRunningAsync(spec.Id, CancellationToken.None));
        await other.SignalAsync(spec.Id, 9, CancellationToken.None);
        var end = await run;

        Assert.Equal(3, exit.Code);
        Assert.Equal(["joined", "1000", "/tmp/d", "1", "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"], seen.Output);
        Assert.Equal((127, true), (missing.ExitCode, missing.Message.EndsWith("did you mean 'sleep'?", StringComparison.Ordinal)));
        Assert.Equal(137, end.ShellCode);
        Assert.False(await other.IsRunningAsync(spec.Id, CancellationToken.None));
        await Assert.ThrowsAsync<JailNotRunningException>(() => other.ExecAsync(spec.Id, process, ProcessOutput.Captured, CancellationToken.None));
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task A_command_that_joined_is_killed_alone_when_cancelled(string runtime)
    {
        using var driver = Driver(runtime);
        using var cancel = new CancellationTokenSource();
        using var end = new CancellationTokenSource();
        var marker = $"100{Random.Shared.Next(100000, 999999)}";
        var spec = tree.Shell("echo up; sleep 1000");
        var run = driver.RunAsync(spec, ProcessOutput.To(lines), end.Token);
        await lines.WhenSeen("up", run);

        var exec = driver.ExecAsync(spec.Id, new JailProcess { Argv = ["sh", "-c", $"echo joined; exec sleep {marker}"] }, ProcessOutput.To(lines), cancel.Token);
        await lines.WhenSeen("joined", exec);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => exec);
        Assert.Empty(JailRemains.Processes(marker));
        Assert.True(await driver.IsRunningAsync(spec.Id, CancellationToken.None));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    public Task InitializeAsync() => tree.InitializeAsync();

    public Task DisposeAsync() => tree.DisposeAsync();

    private LinuxJailDriver Driver(string runtime) => Driver(runtime, tree.State);

    private static LinuxJailDriver Driver(string runtime, string state, IProcessRunner? runner = null) =>
        runtime == Launcher ? new(new OneProgramRunner(Launcher, runner ?? new ProcessRunner()), state) : new(runner ?? new ProcessRunner(), state, runtime);

    /// <summary>The launcher takes only what nobody joins.</summary>
    private static JailSpec For(string runtime, JailSpec spec) => spec with { IsClosed = runtime == Launcher };

    private async Task<ExitStatus> RunAsync(string runtime, JailSpec spec)
    {
        using var driver = Driver(runtime);
        return await driver.RunAsync(For(runtime, spec), ProcessOutput.To(lines), CancellationToken.None);
    }

    /// <summary>Fails the test that another program runs in.</summary>
    private sealed class OneProgramRunner(string name, IProcessRunner runner) : IProcessRunner
    {
        public void Start(CommandLine command) => runner.Start(command);

        public Task<ProcessResult> RunAsync(CommandLine command, ProcessOutput output, CancellationToken cancellationToken) =>
            Path.GetFileName(command.Program) == name ? runner.RunAsync(command, output, cancellationToken) : throw new InvalidOperationException($"{command} was run, not {name}");
    }

    /// <summary>Starts programs and never hears of them again, as if its process had been killed.</summary>
    private sealed class ForgetfulRunner : IProcessRunner
    {
        private readonly ProcessRunner runner = new();

        public void Start(CommandLine command) => throw new InvalidOperationException("nothing is to outlive this test");

        public Task<ProcessResult> RunAsync(CommandLine command, ProcessOutput output, CancellationToken cancellationToken)
        {
            _ = runner.RunAsync(command, output, cancellationToken);
            return new TaskCompletionSource<ProcessResult>().Task;
        }
    }
}
