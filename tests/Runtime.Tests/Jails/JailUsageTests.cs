using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;
using Kleene.Build.Testing.Processes;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

/// <summary>What a jail uses, read from its control groups while it runs, and its limits changed there.</summary>
public sealed class JailUsageTests : IAsyncLifetime
{
    private readonly BusyboxTree tree = new();
    private readonly OutputLines lines = new();

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task Memory_time_and_processes_are_counted(string runtime)
    {
        const string Script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 1000 & dd if=/dev/zero of=/dev/shm/f bs=1M count=8 2>/dev/null; echo up; sleep 1000; true";
        using var driver = Driver(runtime);
        using var end = new CancellationTokenSource();
        var spec = tree.Shell(Script) with { Limits = new JailLimits(MemoryBytes: 64 << 20, Processes: 50) };
        spec = spec with { Process = spec.Process with { User = "web" } };
        Assert.Null(await driver.MeasureAsync(spec.Id, CancellationToken.None));
        await Assert.ThrowsAsync<JailNotRunningException>(() => driver.ListProcessesAsync(spec.Id, CancellationToken.None));

        var run = driver.RunAsync(spec, ProcessOutput.To(lines), end.Token);
        await lines.WhenSeen("up", run);
        var usage = await driver.MeasureAsync(spec.Id, CancellationToken.None);
        var processes = await driver.ListProcessesAsync(spec.Id, CancellationToken.None);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);

        Assert.NotNull(usage);
        Assert.InRange(usage.MemoryBytes!.Value, 8 << 20, 64 << 20);
        Assert.InRange(usage.PeakMemoryBytes!.Value, usage.MemoryBytes.Value, 64 << 20);
        Assert.Equal((64 << 20, 50, 0), (usage.MemoryLimitBytes, usage.ProcessLimit, usage.OutOfMemoryKills));
        Assert.InRange(usage.CpuTime!.Value, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        Assert.Equal((0, 0), (usage.ReceivedBytes, usage.SentBytes));
        Assert.InRange(usage.Processes!.Value, 2, 3);
        Assert.Contains(processes, process => process is { User: "web", Command: "sleep 1000" });
        Assert.Contains(processes, process => process.Command.StartsWith("sh -c i=0", StringComparison.Ordinal) && process.Time > TimeSpan.Zero);
        Assert.Null(await driver.MeasureAsync(spec.Id, CancellationToken.None));
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task What_a_jail_has_used_is_told_when_it_has_ended_and_nothing_is_left_of_the_counting(string runtime)
    {
        using var driver = Driver(runtime);
        JailUsage? told = null;
        var spec = tree.Shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; dd if=/dev/zero of=/dev/shm/f bs=1M count=8 2>/dev/null; exit 3") with { Measured = usage => told = usage };

        var exit = await driver.RunAsync(spec, ProcessOutput.To(lines), CancellationToken.None);

        Assert.Equal(3, exit.Code);
        Assert.NotNull(told);
        Assert.InRange(told.PeakMemoryBytes!.Value, 8 << 20, 64 << 20);
        Assert.InRange(told.CpuTime!.Value, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        Assert.Equal((0, 0), (told.ReceivedBytes, told.SentBytes));
        Assert.Empty(driver.List());
        Assert.Empty(new ControlGroups(HostFacts.Read().Cgroups).Of(spec.Id));
    }

    [JailFact]
    public async Task A_jail_that_is_measured_and_cannot_start_leaves_nothing_either()
    {
        using var driver = new LinuxJailDriver(new ProcessRunner(), tree.State);
        var spec = tree.Shell("true") with { Measured = _ => Assert.Fail("nothing has run"), Mounts = [new JailMount("/no/such/place", "/mnt")] };

        await Assert.ThrowsAnyAsync<KleeneException>(() => driver.RunAsync(spec, ProcessOutput.To(lines), CancellationToken.None));

        Assert.Empty(new ControlGroups(HostFacts.Read().Cgroups).Of(spec.Id));
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task A_process_that_the_kernel_killed_for_its_memory_is_counted(string runtime)
    {
        using var driver = Driver(runtime);
        using var end = new CancellationTokenSource();
        var spec = tree.Shell("dd if=/dev/zero of=/dev/null bs=100M count=1 2>/dev/null; echo up; sleep 1000") with { Limits = new JailLimits(MemoryBytes: 32 << 20), Network = JailNetwork.Host };

        var run = driver.RunAsync(spec, ProcessOutput.To(lines), end.Token);
        await lines.WhenSeen("up", run);
        var usage = await driver.MeasureAsync(spec.Id, CancellationToken.None);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);

        Assert.Equal((1, null), (usage!.OutOfMemoryKills, usage.ReceivedBytes));
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task Limits_of_a_jail_that_runs_go_up_and_down_and_away(string runtime)
    {
        using var driver = Driver(runtime);
        using var end = new CancellationTokenSource();
        var spec = tree.Shell("dd if=/dev/zero of=/dev/shm/f bs=1M count=16 2>/dev/null; echo up; sleep 1000");
        JailLimits[] limits =
        [
            JailLimits.None,
            new JailLimits(64 << 20, 0.5, 20) { CpuShares = 512, CpuSet = "0", MemoryReservationBytes = 32 << 20 },
            new JailLimits(256 << 20, 1, 40) { CpuShares = 2048, CpuSet = "0", MemoryAndSwapBytes = HostFacts.Read().CountsSwap ? 300 << 20 : null },
            new JailLimits(32 << 20),
            JailLimits.None,
        ];
        var run = driver.RunAsync(spec, ProcessOutput.To(lines), end.Token);
        await lines.WhenSeen("up", run);
        var before = Group(spec.Id);

        var seen = new List<(long?, long?)>();
        for (var i = 1; i < limits.Length; i++)
        {
            await driver.LimitAsync(spec.Id, limits[i - 1], limits[i], CancellationToken.None);
            var usage = await driver.MeasureAsync(spec.Id, CancellationToken.None);
            seen.Add((usage!.MemoryLimitBytes, usage.ProcessLimit));
            Assert.Equal(i == 1, Group(spec.Id).Contains(limits[1].CpuShares is { } shares && HostFacts.Read().Cgroups != CgroupLayout.Unified ? $" {shares} " : " 20 ", StringComparison.Ordinal));
        }

        var after = Group(spec.Id);
        var tooLow = await Assert.ThrowsAsync<KleeneException>(() => driver.LimitAsync(spec.Id, JailLimits.None, new JailLimits(8 << 20), CancellationToken.None));
        var tooMany = await Assert.ThrowsAsync<JailStartException>(() => driver.LimitAsync(spec.Id, JailLimits.None, new JailLimits(Cpus: 9999), CancellationToken.None));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);

        Assert.Equal([(64 << 20, 20), (256 << 20, 40), (32 << 20, null), (null, null)], seen);
        Assert.Equal(before, after);
        Assert.Equal($"the memory of '{spec.Id}' cannot be limited to {8 << 20} bytes: more is in use, and it does not go away", tooLow.Message);
        Assert.StartsWith("9999 processors were asked for", tooMany.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<JailNotRunningException>(() => driver.LimitAsync(spec.Id, JailLimits.None, limits[1], CancellationToken.None));
    }

    [Fact]
    public void Both_versions_are_read_alike()
    {
        Write("separate/cpuacct/kleene-j/cpuacct.usage", "1500000000\n");
        Write("separate/cpu/kleene-j/cpu.stat", "nr_periods 4\nnr_throttled 2\nthrottled_time 250000000\n");
        Write("separate/memory/kleene-j/memory.usage_in_bytes", "9000\n");
        Write("separate/memory/kleene-j/memory.stat", "inactive_file 1\ntotal_inactive_file 1000\n");
        Write("separate/memory/kleene-j/memory.max_usage_in_bytes", "9500\n");
        Write("separate/memory/kleene-j/memory.limit_in_bytes", "9223372036854771712\n");
        Write("separate/memory/kleene-j/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
        Write("separate/pids/kleene-j/pids.current", "5\n");
        Write("separate/pids/kleene-j/pids.max", "max\n");
        Write("separate/blkio/kleene-j/blkio.throttle.io_service_bytes", "8:0 Read 10\n8:0 Write 20\n8:0 Total 30\n8:16 Read 1\nTotal 31\n");
        Write("unified/kleene-j/cpu.stat", "usage_usec 1500000\nnr_throttled 2\nthrottled_usec 250000\n");
        Write("unified/kleene-j/memory.current", "9000\n");
        Write("unified/kleene-j/memory.stat", "anon 5\ninactive_file 1000\n");
        Write("unified/kleene-j/memory.peak", "9500\n");
        Write("unified/kleene-j/memory.max", "max\n");
        Write("unified/kleene-j/memory.events", "low 0\noom 4\noom_kill 3\n");
        Write("unified/kleene-j/pids.current", "5\n");
        Write("unified/kleene-j/pids.max", "max\n");
        Write("unified/kleene-j/io.stat", "8:0 rbytes=10 wbytes=20 rios=1 wios=1\n8:16 rbytes=1 wbytes=0\n");
        var expected = new JailUsage
        {
            MemoryBytes = 8000,
            PeakMemoryBytes = 9500,
            OutOfMemoryKills = 3,
            CpuTime = TimeSpan.FromSeconds(1.5),
            ThrottledTime = TimeSpan.FromSeconds(0.25),
            Processes = 5,
            ReadBytes = 11,
            WrittenBytes = 20,
        };

        Assert.Equal(expected, GroupUsage.Measure(Groups(CgroupLayout.Separate), "j"));
        Assert.Equal(expected, GroupUsage.Measure(Groups(CgroupLayout.Hybrid), "j"));
        Assert.Equal(expected, GroupUsage.Measure(Groups(CgroupLayout.Unified), "j"));
        Assert.Null(GroupUsage.Measure(Groups(CgroupLayout.Unified), "other"));
    }

    [Fact]
    public void Bytes_of_groups_below_are_counted_where_the_kernel_tells_them()
    {
        Write("separate/blkio/kleene-j/blkio.throttle.io_service_bytes", "8:0 Read 1\n8:0 Write 2\n");
        Write("separate/blkio/kleene-j/blkio.throttle.io_service_bytes_recursive", "8:0 Read 10\n8:0 Write 20\n8:0 Total 30\n");

        Assert.Equal(new JailUsage { ReadBytes = 10, WrittenBytes = 20 }, GroupUsage.Measure(Groups(CgroupLayout.Separate), "j"));
    }

    [Fact]
    public void What_is_not_counted_is_not_known()
    {
        Write("separate/pids/kleene-j/pids.current", "5\n");

        Assert.Equal(new JailUsage { Processes = 5 }, GroupUsage.Measure(Groups(CgroupLayout.Separate), "j"));
    }

    [Fact]
    public void Version_2_is_told_in_its_own_words()
    {
        foreach (var (name, text) in (ReadOnlySpan<(string, string)>)[("memory.max", "max"), ("memory.swap.max", "max"), ("memory.low", "0"), ("memory.current", "1"), ("cpu.max", "max 100000"), ("cpu.weight", "100"), ("cpuset.cpus", ""), ("pids.max", "max")])
        {
            Write($"unified/kleene-j/{name}", text);
        }

        var some = new JailLimits(1000, 1.5, 7) { CpuShares = 2, CpuSet = "0-1", MemoryReservationBytes = 500, MemoryAndSwapBytes = 1700 };
        var limits = new GroupLimits(Groups(CgroupLayout.Unified), countsSwap: true, "j");
        limits.Change(JailLimits.None, some);
        Assert.Equal("1000 700 500 150000 100000 1 0-1 7", Unified());
        limits.Change(some, some with { MemoryAndSwapBytes = JailLimits.Unlimited, CpuShares = 262_144 });
        Assert.Equal("1000 max 500 150000 100000 10000 0-1 7", Unified());
    }

    [Fact]
    public void What_goes_over_the_loopback_interface_is_no_traffic() =>
        Assert.Equal(
            (3, 7),
            NetworkTraffic.Sum(["Inter-|   Receive  |  Transmit", " face |bytes packets", "    lo: 100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0", "  eth0:1 1 0 0 0 0 0 0 3 1 0 0 0 0 0 0", "  eth1: 2 1 0 0 0 0 0 0 4 1 0 0 0 0 0 0"]));

    public Task InitializeAsync() => tree.InitializeAsync();

    public Task DisposeAsync() => tree.DisposeAsync();

    private LinuxJailDriver Driver(string runtime) => new(new ProcessRunner(), tree.State, runtime);

    private ControlGroups Groups(CgroupLayout layout) => new(layout, Path.Join(tree.Scratch, layout == CgroupLayout.Unified ? "unified" : "separate"));

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Join(tree.Scratch, path))!);
        File.WriteAllText(Path.Join(tree.Scratch, path), text);
    }

    private string Unified() => string.Join(' ', new[] { "memory.max", "memory.swap.max", "memory.low", "cpu.max", "cpu.weight", "cpuset.cpus", "pids.max" }
        .Select(name => File.ReadAllText(Path.Join(tree.Scratch, "unified/kleene-j", name)).Trim()));

    /// <summary>The bounds that the kernel has for a jail.</summary>
    private static string Group(string id)
    {
        var groups = new ControlGroups(HostFacts.Read().Cgroups);
        string[] files =
        [
            groups.FileOf(id, "memory", "memory.limit_in_bytes", "memory.max"), groups.FileOf(id, "memory", "memory.soft_limit_in_bytes", "memory.low"),
            groups.FileOf(id, "cpu", "cpu.shares", "cpu.weight"), groups.FileOf(id, "cpu", "cpu.cfs_quota_us", "cpu.max"),
            groups.FileOf(id, "cpuset", "cpuset.cpus", "cpuset.cpus"), groups.FileOf(id, "pids", "pids.max", "pids.max"),
        ];
        return $" {string.Join(' ', files.Select(file => File.ReadAllText(file).Trim()))} ";
    }
}
