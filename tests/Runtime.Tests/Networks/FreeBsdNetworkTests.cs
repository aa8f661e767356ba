using System.Net;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Testing.Approvals;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>What the driver tells a FreeBSD host, and what it makes of what that says. The approved transcripts are there to be read.</summary>
public sealed class FreeBsdNetworkTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private static readonly NetworkSpec Bridge = new() { Name = "own", Type = NetworkType.Bridge, Subnet = IPNetwork.Parse("10.1.0.0/24"), Subnet6 = IPNetwork.Parse("fdef:1::/64") };

    private static readonly NetworkSpec Loopback = Bridge with { Type = NetworkType.Loopback };

    public static TheoryData<NetworkDriver, NetworkType> Kinds() => new()
    {
        { NetworkDriver.Ipnet, NetworkType.Loopback },
        { NetworkDriver.Ipnet, NetworkType.Bridge },
        { NetworkDriver.Vnet, NetworkType.Bridge },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_container_that_publishes_a_port_comes_and_goes(NetworkDriver kind, NetworkType type)
    {
        using var lab = NewLab();
        await lab.NetworkAsync(Bridge with { Type = type });
        var request = On(kind, "own") with { Ports = [new PortPublication { HostPort = 8080, ContainerPort = 80 }] };
        var id = await lab.ContainerAsync("box", request);

        var raised = await lab.RaiseAsync(id, request);
        await lab.Lifecycle.LowerAsync(id, None);

        Approved.Matches(lab.Transcript, TestData($"freebsd-{kind}-{type}.approved.txt"));
        Assert.Empty(lab.Remains);
        if (kind == NetworkDriver.Vnet)
        {
            Assert.Equal($"ks{id}", Assert.IsType<JailNetwork.Joined>(raised.Network).Stack);
        }
        else
        {
            Assert.Equal("10.1.0.2 fdef:1::2", string.Join(' ', Assert.IsType<JailNetwork.Addressed>(raised.Network).Addresses));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_container_that_runs_is_connected_to_one_more_network_and_disconnected(NetworkDriver kind, NetworkType type)
    {
        using var lab = NewLab();
        await lab.NetworkAsync(Bridge with { Type = type });
        var other = await lab.NetworkAsync(new NetworkSpec { Name = "other", Type = type, Subnet = IPNetwork.Parse("10.2.0.0/24"), AllowsNeighbours = false });
        var id = await lab.ContainerAsync("box", On(kind, "own"));
        await lab.RaiseAsync(id, On(kind, "own"));
        var before = lab.CommandLines.Length;

        await lab.Lifecycle.ConnectAsync(id, kind, new EndpointRequest { Network = "other" }, None);
        lab.NameEndpoints(id, "box");
        await lab.Lifecycle.DisconnectAsync(id, other, None);

        Approved.Matches(lab.CommandLines[before..], TestData($"freebsd-connect-{kind}-{type}.approved.txt"));
        await lab.Lifecycle.LowerAsync(id, None);
        Assert.Empty(lab.Remains);
    }

    [Fact]
    public async Task A_build_has_a_stack_on_a_bridge_and_addresses_elsewhere()
    {
        using var lab = NewLab();
        await lab.NetworkAsync(Bridge);
        await lab.NetworkAsync(new NetworkSpec { Name = "loop" });
        await using (var build = new BuildNetworks(lab.Lifecycle))
        {
            using var bridged = await build.BorrowAsync("own", "build", [], None);
            using var looped = await build.BorrowAsync("loop", "build", [], None);

            Assert.IsType<JailNetwork.Joined>(bridged.Network.Network);
            Assert.Equal(2, Assert.IsType<JailNetwork.Addressed>(looped.Network.Network).Addresses.Length);
            Assert.Contains("\tbuild\n", await File.ReadAllTextAsync(((JailNetwork.Joined)bridged.Network.Network).HostsFile), StringComparison.Ordinal);
        }

        Assert.Empty(lab.Remains);
    }

    /// <summary>Whatever was done and recorded by then, another command must be able to take it away.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Who_is_killed_before_any_command_leaves_nothing_that_another_does_not_remove(NetworkDriver kind, NetworkType type)
    {
        using var lab = NewLab();
        await lab.NetworkAsync(Bridge with { Type = type, AllowsNeighbours = false });
        var request = On(kind, "own") with { Ports = [new PortPublication { HostPort = 8080, ContainerPort = 80 }] };
        var id = await lab.ContainerAsync("box", request);
        var steps = 0;
        for (var isComplete = false; !isComplete; steps++)
        {
            foreach (var isLowered in new[] { false, true })
            {
                if (isLowered)
                {
                    await lab.RaiseAsync(id, request);
                }

                var count = 0;
                lab.Host.Instead = _ => count++ == steps ? throw new KilledException() : null;
                var doomed = lab.NewCommand();
                var killed = await Record.ExceptionAsync(() => isLowered ? doomed.LowerAsync(id, None) : NetworkLab.RaiseAsync(doomed, id, request));
                lab.Host.Instead = _ => null;
                Assert.True(killed is null or KilledException, killed?.ToString());
                isComplete = killed is null;

                await lab.NewCommand().LowerAsync(id, None);
                Assert.True(lab.Remains.Count == 0, $"after {steps} commands: {string.Join(", ", lab.Remains)}");
            }
        }

        Assert.True(steps > 5, $"only {steps} commands were given");
    }

    [Fact]
    public async Task What_a_build_that_was_killed_left_goes_with_the_next_command()
    {
        using var lab = NewLab();
        await lab.NetworkAsync(Bridge);
        var dead = new Session(lab.State);
        var build = new BuildNetworks(lab.NewCommand(session: dead));
        _ = await build.BorrowAsync("own", "build", [], None);
        await lab.Lifecycle.SweepAsync(None);
        Assert.NotEmpty(lab.Remains);
        var before = lab.CommandLines.Length;

        dead.Dispose();
        await lab.Lifecycle.SweepAsync(None);

        Approved.Matches(lab.CommandLines[before..], TestData("freebsd-sweep.approved.txt"));
        Assert.Empty(lab.Remains);
    }

    [Fact]
    public async Task An_interface_of_the_hosts_own_is_neither_taken_nor_removed_and_none_without_a_name_is_left()
    {
        using var lab = NewLab();
        await lab.NetworkAsync(Bridge with { Interface = "vtnet0" });
        var id = await lab.ContainerAsync("box", On(NetworkDriver.Vnet, "own"));

        var said = await Assert.ThrowsAsync<NetworkException>(() => lab.RaiseAsync(id, On(NetworkDriver.Vnet, "own")));
        var left = lab.Host.Remains.Where(name => !name.StartsWith("jail ", StringComparison.Ordinal) && !name.StartsWith("anchor ", StringComparison.Ordinal));

        Assert.Equal("the host has an interface 'vtnet0' already, and the network 'own' wants to make it; remove one of them", said.Message);
        Assert.Empty(left);
        await lab.Lifecycle.LowerAsync(id, None);
        Assert.Empty(lab.Remains);
        Assert.DoesNotContain("vtnet0 destroy", lab.Transcript, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interface_that_a_custom_network_is_of_has_to_be_there()
    {
        using var lab = NewLab();
        await lab.NetworkAsync(new NetworkSpec { Name = "own", Type = NetworkType.Custom, Interface = "em9", Subnet = IPNetwork.Parse("10.9.0.0/24") });
        var id = await lab.ContainerAsync("box", On(NetworkDriver.Ipnet, "own"));

        var said = await Assert.ThrowsAsync<NetworkException>(() => lab.RaiseAsync(id, On(NetworkDriver.Ipnet, "own")));

        Assert.StartsWith("the network 'own' is of the interface 'em9', and the host has none of that name", said.Message, StringComparison.Ordinal);
        await lab.Lifecycle.LowerAsync(id, None);
        Assert.Empty(lab.Remains);
    }

    /// <summary>The first is recorded in this form with another name and reason; a kernel that has no more units says so in it.</summary>
    [Theory]
    [InlineData("create", "ifconfig: SIOCIFCREATE2 (epair): No space left on device", "a pair of interfaces (epair) cannot be made: ifconfig: SIOCIFCREATE2 (epair): No space left on device; 'kleene system check' says what networks need, and --network host does without them")]
    [InlineData("addm", "ifconfig: BRDGADD epair0a: Device busy", "the bridge 'kb<own>' does not take 'epair0a': ifconfig: BRDGADD epair0a: Device busy; 'kleene system check' says what networks need, and --network host does without them")]
    public async Task A_command_that_fails_is_told_and_what_there_was_by_then_goes(string word, string error, string message)
    {
        using var lab = NewLab();
        var network = await lab.NetworkAsync(Bridge);
        var id = await lab.ContainerAsync("box", On(NetworkDriver.Vnet, "own"));
        lab.Host.Instead = command => command.Arguments.Contains(word) && string.Join(' ', command.Arguments).Contains("epair", StringComparison.Ordinal) ? new ProcessResult(new ExitStatus(1), "", error + "\n") : null;

        var said = await Assert.ThrowsAsync<NetworkException>(() => lab.RaiseAsync(id, On(NetworkDriver.Vnet, "own")));
        lab.Host.Instead = _ => null;
        await lab.Lifecycle.LowerAsync(id, None);

        Assert.Equal(message.Replace("<own>", network.Id.ToString(), StringComparison.Ordinal), said.Message);
        Assert.Empty(lab.Remains);
    }

    [Fact]
    public async Task Rules_that_pf_refuses_are_told_with_its_words()
    {
        using var lab = NewLab();
        var id = await StartableAsync(lab);
        lab.Host.Instead = command => IsLoad(command) ? new ProcessResult(new ExitStatus(1), "", "stdin:1: syntax error\npfctl: Syntax error in config file: pf rules not loaded\n") : null;

        var said = await Assert.ThrowsAsync<NetworkException>(() => lab.RaiseAsync(id, On(NetworkDriver.Ipnet, "own")));
        lab.Host.Instead = _ => null;
        await lab.Lifecycle.LowerAsync(id, None);

        Assert.Equal(
            "pf does not take the rules of the networks: stdin:1: syntax error; pfctl: Syntax error in config file: pf rules not loaded; 'kleene system check' says what pf lacks, and --network host does without them",
            said.Message);
        Assert.Empty(lab.Remains);
    }

    [Fact]
    public async Task Somebody_elses_pfctl_is_waited_for_and_not_for_ever()
    {
        using var lab = NewLab();
        var id = await StartableAsync(lab);
        var busy = 0;
        lab.Host.Instead = command => IsLoad(command) && busy++ < 2 ? new ProcessResult(new ExitStatus(1), "", "pfctl: DIOCADDRULENV: Device busy\n") : null;

        await lab.RaiseAsync(id, On(NetworkDriver.Ipnet, "own"));
        var rules = lab.Host.RulesOf("kleene/test");
        lab.Host.Instead = command => IsLoad(command) ? new ProcessResult(new ExitStatus(1), "", "pfctl: DIOCADDRULENV: Device busy\n") : null;
        var said = await Assert.ThrowsAsync<NetworkException>(() => lab.RaiseAsync(id, On(NetworkDriver.Ipnet, "own")));

        Assert.Equal(3, busy);
        Assert.Contains("block log quick inet from any to 10.1.0.0/24", rules, StringComparison.Ordinal);
        Assert.StartsWith("pf does not take the rules of the networks: pfctl: DIOCADDRULENV: Device busy;", said.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pfctl_that_hangs_keeps_no_container_from_being_taken_down()
    {
        using var lab = NewLab();
        var id = await StartableAsync(lab);
        await lab.RaiseAsync(id, On(NetworkDriver.Ipnet, "own"));
        lab.Host.Instead = command => command.Program == "/sbin/pfctl" ? throw new ProcessTimeoutException(command, new ProcessResult(new ExitStatus(0, 9), "", "")) : null;

        await lab.Lifecycle.LowerAsync(id, None);

        Assert.Equal(["anchor kleene/test"], lab.Remains);
    }

    [Fact]
    public async Task Where_nobody_looks_at_the_rules_no_network_comes_up()
    {
        using var lab = NewLab();
        var id = await StartableAsync(lab);
        lab.Host.PfInfo = "Status: Disabled                              Debug: Urgent\n";
        var disabled = await Assert.ThrowsAsync<NetworkException>(() => lab.RaiseAsync(id, On(NetworkDriver.Ipnet, "own")));
        lab.Host.PfInfo = "Status: Enabled for 0 days 00:03:44           Debug: Urgent\n";
        lab.Host.PfTranslation = "nat on ext0 from (kbrA:network) to any -> (ext0) round-robin\n";
        var astray = await Assert.ThrowsAsync<NetworkException>(() => lab.RaiseAsync(id, On(NetworkDriver.Ipnet, "own")));

        Assert.StartsWith("pf is not enabled, and nothing would keep networks apart; enable it with 'kleene system check --fix'", disabled.Message, StringComparison.Ordinal);
        Assert.StartsWith("pf is not led to the rules of the networks: its own lack 'nat-anchor \"kleene/*\"', 'rdr-anchor \"kleene/*\"'; add that with", astray.Message, StringComparison.Ordinal);
        await lab.Lifecycle.LowerAsync(id, None);
        Assert.Empty(lab.Remains);
    }

    [Fact]
    public async Task A_subnet_that_the_host_has_a_way_to_is_refused_with_that_way()
    {
        using var lab = NewLab();

        var said = await Assert.ThrowsAsync<NetworkException>(() => lab.NetworkAsync(Bridge with { Subnet = IPNetwork.Parse("10.0.0.0/16"), Subnet6 = null }));

        Assert.Equal("the subnet 10.0.0.0/16 overlaps with the host's route 10.0.2.0/24 dev vtnet0; choose another with --subnet", said.Message);
    }

    private static async Task<SnapshotId> StartableAsync(FreeBsdLab lab)
    {
        await lab.NetworkAsync(Loopback);
        return await lab.ContainerAsync("box", On(NetworkDriver.Ipnet, "own"));
    }

    /// <summary>A host that speaks IPv6: it has the last two routes of the recorded table.</summary>
    private static FreeBsdLab NewLab()
    {
        var lab = new FreeBsdLab();
        lab.Host.Routes = lab.Host.Routes.Replace(
            "]}]}}}}",
            """]}, {"address-family":"Internet6", "rt-entry": [{"destination":"::1","gateway":"link#2","flags":"UHS", "flags_pretty": ["up","host","static"],"weight":1,"interface-name":"lo0"}, {"destination":"fe80::%lo0/64","gateway":"link#2","flags":"U", "flags_pretty": ["up"],"weight":1,"interface-name":"lo0"}]}]}}}}""",
            StringComparison.Ordinal);
        return lab;
    }

    private static NetworkRequest On(NetworkDriver kind, string network) => new() { Driver = kind, Endpoints = [new EndpointRequest { Network = network }] };

    private static bool IsLoad(CommandLine command) => command.Program == "/sbin/pfctl" && command.Arguments.Contains("-f");

    private static string TestData(string name) => Path.Join(SourceDirectory(), "testdata", name);

    private static string SourceDirectory([System.Runtime.CompilerServices.CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    private sealed class KilledException : Exception;
}
