using System.Globalization;
using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux;
using Kleene.Build.Runtime.Jails.Linux.Launching;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;
using Kleene.Build.Testing.Processes;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

/// <summary>What is the launcher's own: that it is like a runtime is shown by <see cref="LinuxJailTests"/>.</summary>
public sealed class LauncherTests : IAsyncLifetime
{
    private readonly BusyboxTree tree = new();
    private readonly OutputLines lines = new();

    [JailTheory]
    [InlineData("ls -l /dev | busybox awk '{ print $1, $5, $6, $9, $10, $11 }'; ls -ld /dev/pts /dev/shm /dev/mqueue")]
    [InlineData("busybox cut -d ' ' -f 2-4 /proc/mounts | busybox sed -r -e 's/(timer_list|keys|interrupts) (dev)?tmpfs (ro)?.*/\\1 \\3/' -e 's/ proc ro,.*/ proc ro/'")]
    [InlineData("ls /proc | grep -c '^[0-9]'; ls /sys /proc/self/ns; cat /proc/self/cgroup | busybox sed 's|:/.*/|:/|' | busybox sort -u | wc -l; umask; ulimit -n; ulimit -Hn")]
    [InlineData("for ns in cgroup ipc mnt net pid uts; do test $(readlink /proc/self/ns/$ns) != 0 && echo $ns; done; ip -o link | grep -o '<.*>'; cat /proc/keys; ps -o pid,pgid,sid,comm | head -2")]
    [InlineData("grep -E '^(Cap|Uid|Gid|Groups|NoNewPrivs|Seccomp|Sig)' /proc/self/status | grep -v Seccomp_filters")]
    public async Task Its_jails_look_like_a_runtimes(string script)
    {
        var spec = tree.Shell(script) with { Hostname = "same" };
        var seen = new OutputLines();

        await RunAsync(new LinuxJailDriver(new ProcessRunner(), tree.State, "crun"), spec, lines);
        await RunAsync(new LinuxJailDriver(new ProcessRunner(), tree.State), spec, seen);

        Assert.Equal(lines.Output, seen.Output);
        Assert.Equal(lines.Error, seen.Error);
        Assert.NotEmpty(seen.Output);
    }

    [JailFact]
    public async Task What_cannot_be_made_is_told_with_the_kernels_reason()
    {
        using var driver = new LinuxJailDriver(new ProcessRunner(), tree.State);
        var spec = tree.Jail("true") with { IsClosed = true, Network = new JailNetwork.Joined("/run/no such stack", "/etc/hosts") };

        var error = await Assert.ThrowsAsync<JailStartException>(() => driver.RunAsync(spec, ProcessOutput.Captured, CancellationToken.None));

        Assert.Equal($"the jail '{spec.Id}' could not be made: network '/run/no such stack': No such file or directory", error.Message);
        Assert.Equal(125, error.ExitCode);
        Assert.Empty(JailRemains.Of(tree, spec.Id, spec.Id));
    }

    [JailFact]
    public async Task A_zero_byte_ends_no_word_unseen()
    {
        using var driver = new LinuxJailDriver(new ProcessRunner(), tree.State);
        var spec = tree.Jail("echo", "a\0exec") with { IsClosed = true };

        var error = await Assert.ThrowsAsync<JailStartException>(() => driver.RunAsync(spec, ProcessOutput.Captured, CancellationToken.None));

        Assert.StartsWith(@"'a\0exec' has a zero byte in it", error.Message, StringComparison.Ordinal);
        Assert.Empty(JailRemains.Of(tree, spec.Id, spec.Id));
    }

    /// <summary>As when the process that it works for is killed: it ends as soon as nobody holds the other end of its socket.</summary>
    [JailFact]
    public async Task Jails_end_with_their_launcher()
    {
        using var driver = new LinuxJailDriver(new ProcessRunner(), tree.State);
        var marker = $"100{Random.Shared.Next(100000, 999999)}";
        var spec = tree.Shell($"trap '' TERM; sleep {marker} & echo up; sleep {marker}") with { IsClosed = true };
        var run = driver.RunAsync(spec, ProcessOutput.To(lines), CancellationToken.None);
        await lines.WhenSeen("up", run);

        _ = Kleene.Build.Runtime.Jails.Linux.NativeMethods.kill(LauncherOf(spec.Id), Signals.Kill);

        Assert.Equal(Signals.Kill, (await run).Signal);
        Assert.Empty(JailRemains.Of(tree, spec.Id, marker));
        var error = await Assert.ThrowsAsync<JailStartException>(() => driver.RunAsync(tree.Jail("true") with { IsClosed = true }, ProcessOutput.Captured, CancellationToken.None));
        Assert.StartsWith("the launcher of build steps has ended", error.Message, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task It_ends_with_its_driver_and_makes_many_jails_at_a_time()
    {
        var driver = new LinuxJailDriver(new ProcessRunner(), tree.State);
        var first = tree.Shell("echo up; sleep 1") with { IsClosed = true };
        var run = driver.RunAsync(first, ProcessOutput.To(lines), CancellationToken.None);
        await lines.WhenSeen("up", run);
        var launcher = LauncherOf(first.Id);

        var exits = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => driver.RunAsync(tree.Shell($"exit {i}") with { IsClosed = true }, ProcessOutput.Captured, CancellationToken.None)));
        await run;
        driver.Dispose();

        Assert.Equal(Enumerable.Range(0, 40), exits.Select(exit => exit.Code));
        Assert.False(Directory.Exists($"/proc/{launcher}"));
    }

    [JailFact]
    public async Task A_users_streams_are_his_when_he_opens_them_by_name()
    {
        var spec = tree.Shell("echo out > /dev/stdout; echo error > /dev/stderr");
        spec = spec with { Process = spec.Process with { User = "web" } };

        await RunAsync(new LinuxJailDriver(new ProcessRunner(), tree.State), spec, lines);

        Assert.Equal(["out"], lines.Output);
        Assert.Equal(["error"], lines.Error);
    }

    [JailFact]
    public void What_it_does_not_know_is_left_to_a_runtime()
    {
        var spec = tree.Jail("true") with { IsClosed = true };

        Assert.True(Launcher.Knows(spec with { Ulimits = [new JailUlimit("nofile", 10, 10)], ReadOnlyRoot = true, Network = JailNetwork.Host }));
        Assert.All(
            [
                spec with { IsClosed = false },
                spec with { IsPrivileged = true },
                spec with { Measured = _ => { } },
                spec with { Limits = new JailLimits(MemoryBytes: 1 << 30) },
                spec with { Grants = new JailGrants { AddedCapabilities = ["SYS_ADMIN"] } },
                spec with { Process = spec.Process with { Terminal = true } },
            ],
            other => Assert.False(Launcher.Knows(other)));
    }

    [JailTheory]
    [InlineData(CgroupLayout.Separate, Architecture.X64)]
    [InlineData(CgroupLayout.Unified, Architecture.Arm64)]
    public void Where_there_can_be_none_there_is_none(object layout, Architecture architecture)
    {
        var host = HostFacts.Read() with { Cgroups = (CgroupLayout)layout, Architecture = architecture };

        Assert.Null(Launcher.TryFind(host, new ControlGroups(host.Cgroups), new ProcessRunner()));
    }

    public Task InitializeAsync() => tree.InitializeAsync();

    public Task DisposeAsync() => tree.DisposeAsync();

    /// <summary>The parent of the jail's first process.</summary>
    private static int LauncherOf(string jail) => new ControlGroups(HostFacts.Read().Cgroups).ProcessesOf(jail)
        .Select(pid => File.ReadAllLines($"/proc/{pid}/status"))
        .Where(status => status.Single(line => line.StartsWith("NSpid:", StringComparison.Ordinal)).EndsWith("\t1", StringComparison.Ordinal))
        .Select(status => int.Parse(status.Single(line => line.StartsWith("PPid:", StringComparison.Ordinal))["PPid:".Length..], CultureInfo.InvariantCulture))
        .Single();

    private static async Task RunAsync(LinuxJailDriver driver, JailSpec spec, OutputLines lines)
    {
        using (driver)
        {
            await driver.RunAsync(spec with { IsClosed = true }, ProcessOutput.To(lines), CancellationToken.None);
        }
    }
}
