using System.Globalization;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;
using Kleene.Build.Testing.Processes;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

/// <summary>What a jail may take of the machine, as a process inside meets it.</summary>
public sealed class JailLimitTests : IAsyncLifetime
{
    private readonly BusyboxTree tree = new();
    private readonly OutputLines lines = new();

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task Every_bound_is_there_as_it_was_asked_for(string runtime)
    {
        var spec = tree.Shell("""
            if [ -e /sys/fs/cgroup/cgroup.controllers ]; then cd /sys/fs/cgroup; cat memory.max memory.low cpu.weight cpu.max cpuset.cpus pids.max
            else cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes memory/memory.soft_limit_in_bytes cpu/cpu.shares cpu/cpu.cfs_quota_us cpuset/cpuset.cpus pids/pids.max; fi
            grep -E '^Max (open files|core)' /proc/self/limits; cat /proc/self/oom_score_adj; stat -f -c '%b %S' /dev/shm; grep Cpus_allowed_list /proc/self/status
            """) with
        {
            Limits = new JailLimits(MemoryBytes: 64 << 20, Cpus: 0.5, Processes: 30)
            {
                MemoryReservationBytes = 32 << 20, CpuShares = 512, CpuSet = "0", SharedMemoryBytes = 1 << 20, OutOfMemoryScore = 300,
            },
            Ulimits = [new JailUlimit("nofile", 100, 200), new JailUlimit("core", 0, 0)],
        };

        var exit = await RunAsync(runtime, spec);

        Assert.True(exit.Success, string.Join('\n', lines.Error));
        var words = lines.Output.Select(line => string.Join(' ', line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))).ToList();
        Assert.Equal(
            HostFacts.Read().Cgroups == CgroupLayout.Unified
                ? ["67108864", "33554432", "20", "50000 100000", "0", "30"]
                : ["67108864", "33554432", "512", "50000", "0", "30"],
            words.Take(6));
        Assert.Contains("Max open files 100 200 files", words);
        Assert.Contains("Max core file size 0 0 bytes", words);
        Assert.Equal(["300", "256 4096", "Cpus_allowed_list: 0"], words.TakeLast(3));
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task What_is_written_to_a_disk_has_its_bound(string runtime)
    {
        if (!Directory.Exists("/sys/fs/cgroup/blkio") || Disk() is not { } disk)
        {
            return;
        }

        var group = "/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device";
        var spec = tree.Shell($"cat {group}; cat {group.Replace("write_bps", "read_iops", StringComparison.Ordinal)}") with
        {
            Limits = new JailLimits { DeviceRates = [new JailDeviceRate(disk, DeviceRateKind.WriteBytes, 1 << 20), new JailDeviceRate(disk, DeviceRateKind.ReadOperations, 50)] },
        };

        var exit = await RunAsync(runtime, spec);

        Assert.True(exit.Success, string.Join('\n', lines.Error));
        var node = DeviceNode.Find(disk);
        Assert.Equal([$"{node.Major}:{node.Minor} 1048576", $"{node.Major}:{node.Minor} 50"], lines.Output);
    }

    [JailFact]
    public async Task What_this_machine_does_not_have_is_named()
    {
        var count = new ControlGroups(HostFacts.Read().Cgroups).Processors()!.Max + 1;

        Assert.Equal($"there is no processor {count} here; there are {string.Join(',', Enumerable.Range(0, count))}", await RefusedAsync(new JailLimits { CpuSet = $"0,{count}" }));
        Assert.Equal(
            string.Create(CultureInfo.InvariantCulture, $"{count + 0.5} processors were asked for, and this machine has {count}"), await RefusedAsync(new JailLimits(Cpus: count + 0.5)));
        Assert.Equal("there is no '/dev/nosuch' on this machine", await RefusedAsync(new JailLimits { DeviceRates = [new("/dev/nosuch", DeviceRateKind.ReadBytes, 1)] }));
        Assert.StartsWith("'/dev/null' is not a disk", await RefusedAsync(new JailLimits { DeviceRates = [new("/dev/null", DeviceRateKind.ReadBytes, 1)] }), StringComparison.Ordinal);
        Assert.Equal("'/etc/passwd' is not a device", await RefusedAsync(new JailLimits { DeviceRates = [new("/etc/passwd", DeviceRateKind.ReadBytes, 1)] }));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Join(tree.State, "bundles")));
    }

    [Theory]
    [InlineData("memory", "memory cannot be limited here: the control group controller 'memory' is not there")]
    [InlineData("cpu", "processors cannot be limited here: the control group controller 'cpu' is not there")]
    [InlineData("cpuset", "which processors are used cannot be limited here: the control group controller 'cpuset' is not there")]
    [InlineData("pids", "the number of processes cannot be limited here: the control group controller 'pids' is not there")]
    [InlineData("io", "input and output cannot be limited here: the control group controller 'blkio' is not there")]
    public void A_controller_that_is_not_there_is_named(string missing, string message)
    {
        foreach (var name in new[] { "memory", "cpu", "cpuset", "pids", "blkio" }.Where(name => name != (missing == "io" ? "blkio" : missing)))
        {
            Directory.CreateDirectory(Path.Join(tree.Scratch, "separate", name));
        }

        var there = string.Join(' ', new[] { "cpu", "cpuset", "io", "memory", "pids" }.Where(name => name != missing));
        File.WriteAllText(Path.Join(Directory.CreateDirectory(Path.Join(tree.Scratch, "unified")).FullName, "cgroup.controllers"), $"{there}\n");
        var limits = missing switch
        {
            "memory" => new JailLimits(MemoryBytes: 1 << 30),
            "cpu" => new JailLimits { CpuShares = 10 },
            "cpuset" => new JailLimits { CpuSet = "0" },
            "pids" => new JailLimits(Processes: 10),
            _ => new JailLimits { DeviceRates = [new("/dev/null", DeviceRateKind.ReadBytes, 1)] },
        };

        Assert.StartsWith(message, Refusal(CgroupLayout.Separate, "separate", limits), StringComparison.Ordinal);
        Assert.StartsWith(message.Replace("blkio", "io", StringComparison.Ordinal), Refusal(CgroupLayout.Unified, "unified", limits), StringComparison.Ordinal);
    }

    [Fact]
    public void What_needs_a_right_that_we_do_not_have_is_named()
    {
        Assert.StartsWith(
            "swap cannot be limited here", Refusal(CgroupLayout.Unified, "none", new JailLimits { MemoryAndSwapBytes = 1 << 30 }, controllers: "memory"), StringComparison.Ordinal);
        Assert.StartsWith("the out-of-memory score cannot be set to -1000", Refusal(CgroupLayout.Unified, "none", new JailLimits { OutOfMemoryScore = -1000 }), StringComparison.Ordinal);
        Assert.StartsWith(
            "the limit 'nofile' cannot be raised to unlimited", Refusal(CgroupLayout.Unified, "none", JailLimits.None, ulimits: [new JailUlimit("nofile", 1, null)]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", "0")]
    [InlineData("3,0-1", "0 1 3")]
    [InlineData("2-2,2", "2")]
    public void A_list_of_processors_is_read(string text, string numbers) => Assert.Equal(numbers, string.Join(' ', CpuList.Parse(text)));

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("3-1")]
    [InlineData("-1")]
    [InlineData("0-")]
    [InlineData("0-1-2")]
    [InlineData("0\n1")]
    [InlineData("0, 1")]
    [InlineData("0-99999999")]
    public void Anything_else_is_no_list_of_processors(string text) => Assert.Throws<FormatException>(() => CpuList.Parse(text));

    public Task InitializeAsync() => tree.InitializeAsync();

    public Task DisposeAsync() => tree.DisposeAsync();

    /// <summary>The disk of the root directory, where it is one.</summary>
    private static string? Disk() =>
        Directory.EnumerateDirectories("/sys/block").Select(path => $"/dev/{Path.GetFileName(path)}").FirstOrDefault(path => !path.Contains("loop", StringComparison.Ordinal) && File.Exists(path));

    private string Refusal(CgroupLayout layout, string groups, JailLimits limits, string? controllers = null, params JailUlimit[] ulimits)
    {
        var root = Directory.CreateDirectory(Path.Join(tree.Scratch, groups)).FullName;
        if (controllers is not null)
        {
            File.WriteAllText(Path.Join(root, "cgroup.controllers"), controllers);
        }

        var host = HostFacts.Read() with { Cgroups = layout, CountsSwap = false, BoundingCapabilities = 0 };
        return Assert.Throws<JailStartException>(() => new LimitCheck(host, new ControlGroups(layout, root)).Check(limits, [.. ulimits])).Message;
    }

    private async Task<string> RefusedAsync(JailLimits limits) =>
        (await Assert.ThrowsAsync<JailStartException>(() => RunAsync("crun", tree.Jail("true") with { Limits = limits }))).Message;

    private async Task<ExitStatus> RunAsync(string runtime, JailSpec spec)
    {
        using var driver = new LinuxJailDriver(new ProcessRunner(), tree.State, runtime);
        return await driver.RunAsync(spec, ProcessOutput.To(lines), CancellationToken.None);
    }
}
