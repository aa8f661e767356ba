using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;
using Kleene.Build.Testing.Processes;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

/// <summary>What a jail is granted, tried from inside: with the grant, and without it.</summary>
public sealed class JailGrantTests : IAsyncLifetime
{
    private readonly BusyboxTree tree = new();
    private readonly OutputLines lines = new();

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task A_capability_comes_with_the_system_calls_that_it_is_for(string runtime)
    {
        const string Script = "mount -t tmpfs none /tmp 2>/dev/null && echo mounted; busybox unshare -m true 2>/dev/null && echo unshared; chown 5 /tmp 2>/dev/null && echo owned; true";

        await RunAsync(runtime, tree.Shell(Script), JailGrants.None);
        lines.WriteLine(OutputKind.Output, "--");
        await RunAsync(runtime, tree.Shell(Script), new JailGrants { AddedCapabilities = ["SYS_ADMIN"], DroppedCapabilities = ["CHOWN"] });

        Assert.Equal(["owned", "--", "mounted", "unshared"], lines.Output);
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task All_and_none_of_the_capabilities_can_be_had(string runtime)
    {
        var spec = tree.Shell("grep -E '^Cap(Eff|Bnd)' /proc/self/status");

        await RunAsync(runtime, spec, new JailGrants { DroppedCapabilities = ["ALL"] });
        await RunAsync(runtime, tree.Shell("grep -E '^Cap(Eff|Bnd)' /proc/self/status"), new JailGrants { DroppedCapabilities = ["ALL"], AddedCapabilities = ["NET_RAW", "KILL"] });
        await RunAsync(runtime, tree.Shell("grep CapEff /proc/self/status"), new JailGrants { AddedCapabilities = ["ALL"] });

        var all = HostFacts.Read().BoundingCapabilities;
        Assert.Equal(
            ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "CapEff:\t0000000000002020", "CapBnd:\t0000000000002020", $"CapEff:\t{all:x16}"], lines.Output);
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task Another_user_has_what_was_added_by_name_and_who_joins_has_the_same(string runtime)
    {
        using var driver = Driver(runtime);
        using var end = new CancellationTokenSource();
        var spec = tree.Shell("grep CapEff /proc/self/status; echo up; sleep 1000") with { Grants = new JailGrants { AddedCapabilities = ["NET_ADMIN"], AllowsNewPrivileges = true } };
        var run = driver.RunAsync(spec with { Process = spec.Process with { User = "web" } }, ProcessOutput.To(lines), end.Token);
        await lines.WhenSeen("up", run);
        var seen = new OutputLines();

        foreach (var user in (string[])["web", "root"])
        {
            await driver.ExecAsync(spec.Id, new JailProcess { Argv = ["grep", "-E", "^(CapEff|NoNewPrivs):", "/proc/self/status"], User = user }, ProcessOutput.To(seen), CancellationToken.None);
        }

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(["CapEff:\t0000000000001000", "up"], lines.Output);
        Assert.Equal(["CapEff:\t0000000000001000", "NoNewPrivs:\t0", "CapEff:\t00000000a80435fb", "NoNewPrivs:\t0"], seen.Output);
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task System_calls_are_those_of_the_profile_or_all(string runtime)
    {
        const string Script = "mkdir /tmp/d 2>/dev/null && echo made; grep Seccomp: /proc/self/status";
        var profile = """
            { "defaultAction": "SCMP_ACT_ALLOW", "archMap": [{ "architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"] }],
              "syscalls": [ { "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "excludes": { "caps": ["CAP_SYS_ADMIN"] } } ] }
            """;

        await RunAsync(runtime, tree.Shell(Script), new JailGrants { SystemCallProfile = profile });
        await RunAsync(runtime, tree.Shell(Script), new JailGrants { SystemCallProfile = profile, AddedCapabilities = ["SYS_ADMIN"] });
        await RunAsync(runtime, tree.Shell("grep Seccomp: /proc/self/status"), new JailGrants { AllowsAllSystemCalls = true });

        Assert.Equal(["Seccomp:\t2", "made", "Seccomp:\t2", "Seccomp:\t0"], lines.Output);
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task A_device_can_be_opened_as_far_as_it_is_granted(string runtime)
    {
        const string Script = "test -c $1 || mknod $1 c 10 237; (: < $1) 2>/dev/null && echo read; (: > $1) 2>/dev/null && echo written; echo end";

        foreach (var grants in new JailGrants[]
        {
            new() { Devices = [new JailDevice("/dev/loop-control", "/dev/disk/log", "rw")] },
            new() { Devices = [new JailDevice("/dev/loop-control", "/dev/disk/log", "r")] },
            new(),
        })
        {
            await RunAsync(runtime, tree.Jail("sh", "-c", Script, "sh", grants.Devices.IsEmpty ? "/tmp/log" : "/dev/disk/log"), grants);
        }

        Assert.Equal(["read", "written", "end", "read", "end", "end"], lines.Output);
    }

    [JailTheory]
    [InlineData("crun")]
    [InlineData("runc")]
    public async Task Groups_settings_and_an_init_are_as_asked_for(string runtime)
    {
        var spec = tree.Shell("id -G; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax; tr '\\0' ' ' < /proc/1/cmdline; echo; echo $$; exit 7");
        spec = spec with { Process = spec.Process with { Groups = ["logs", "4711"], User = "web" } };

        var exit = await RunAsync(runtime, spec, new JailGrants { Sysctls = ["net.ipv4.ip_forward=1", "kernel.shmmax=12345678"], HasInit = true });

        Assert.Equal(7, exit.Code);
        Assert.Equal(["1001 1002 4711", "1", "12345678"], lines.Output.Take(3));
        Assert.StartsWith("/dev/init -- sh -c ", lines.Output[3], StringComparison.Ordinal);
        Assert.NotEqual("1", lines.Output[4]);
    }

    [JailFact]
    public async Task What_cannot_be_granted_is_an_error_that_names_it()
    {
        Assert.StartsWith("'net.core.somaxconn=1' would change the host's network", await RefusedAsync(tree.Jail("true") with { Network = JailNetwork.Host }, new JailGrants { Sysctls = ["net.core.somaxconn=1"] }), StringComparison.Ordinal);
        Assert.Equal("there is no '/dev/nosuch' on this machine", await RefusedAsync(tree.Jail("true"), new JailGrants { Devices = [new JailDevice("/dev/nosuch", "/dev/x", "r")] }));
        Assert.Equal("'/etc' is not a device", await RefusedAsync(tree.Jail("true"), new JailGrants { Devices = [new JailDevice("/etc", "/dev/x", "r")] }));
        var process = tree.Jail("true").Process with { Groups = ["nosuch"] };
        Assert.Equal("the group 'nosuch' is not in /etc/group of the image", await RefusedAsync(tree.Jail("true") with { Process = process }, JailGrants.None));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Join(tree.State, "bundles")));
    }

    [Fact]
    public void A_capability_that_the_host_lacks_is_named_when_it_was_asked_for()
    {
        var error = Assert.Throws<JailStartException>(() => Capabilities.Of(new JailGrants { AddedCapabilities = ["SYS_TIME"] }, isPrivileged: false, boundingSet: 1));

        Assert.Equal("the capability 'SYS_TIME' cannot be granted: this system does not have it itself", error.Message);
        Assert.Equal(["CAP_CHOWN"], Capabilities.Of(new JailGrants { AddedCapabilities = ["ALL"] }, isPrivileged: false, boundingSet: 1).AsEnumerable());
        Assert.Equal(["CAP_DAC_OVERRIDE"], Capabilities.Of(new JailGrants { AddedCapabilities = ["ALL"], DroppedCapabilities = ["CHOWN"] }, isPrivileged: false, boundingSet: 3).AsEnumerable());
    }

    [Theory]
    [InlineData("net.ipv4.ip_forward=1")]
    [InlineData("kernel.shmmax=1 2")]
    [InlineData("fs.mqueue.msg_max=10")]
    [InlineData("net.ipv4.conf.eth0/1.forwarding=1")]
    public void A_setting_of_the_jails_own_is_taken(string text) => Assert.Equal(text.Split('=')[1], JailSysctl.Parse(text).Value);

    [Theory]
    [InlineData("kernel.core_pattern=|/x")]
    [InlineData("vm.swappiness=1")]
    [InlineData("net.ipv4.ip_forward")]
    [InlineData("net.ipv4.ip_forward=")]
    [InlineData("net.ipv4.ip_forward=1\n2")]
    [InlineData("net.../../kernel.x=1")]
    [InlineData("=1")]
    [InlineData("net=1")]
    public void Any_other_setting_is_refused(string text) => Assert.Throws<KleeneException>(() => JailSysctl.Parse(text));

    public Task InitializeAsync() => tree.InitializeAsync();

    public Task DisposeAsync() => tree.DisposeAsync();

    private LinuxJailDriver Driver(string runtime) => new(new ProcessRunner(), tree.State, runtime);

    private async Task<string> RefusedAsync(JailSpec spec, JailGrants grants) =>
        (await Assert.ThrowsAsync<JailStartException>(() => RunAsync("crun", spec, grants))).Message;

    private async Task<ExitStatus> RunAsync(string runtime, JailSpec spec, JailGrants grants)
    {
        using var driver = Driver(runtime);
        return await driver.RunAsync(spec with { Grants = grants }, ProcessOutput.To(lines), CancellationToken.None);
    }
}
