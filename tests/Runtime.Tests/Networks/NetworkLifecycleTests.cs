using System.Net;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Networks.Linux;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Testing.Networks;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>The real driver, on a host of the test's own.</summary>
public sealed class NetworkLifecycleTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [NetworkFact]
    public async Task Nothing_is_on_the_host_but_what_somebody_who_runs_needs()
    {
        await using var lab = await NetworkLab.OpenAsync();
        await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "own", Type = NetworkType.Bridge }, None);
        var before = lab.Remains();
        var one = await lab.StartAsync("one", NetworkLab.On("own", "default"));
        var two = await lab.StartAsync("two", NetworkLab.On("own"));
        var during = lab.Remains();

        await lab.Lifecycle.LowerAsync(one.Id, None);
        var after = lab.Remains();
        await lab.Lifecycle.LowerAsync(two.Id, None);
        await lab.Lifecycle.LowerAsync(two.Id, None);

        Assert.Empty(before);
        Assert.Contains(during, name => name.StartsWith("kb", StringComparison.Ordinal));
        Assert.Contains("table inet kleene-test", during);
        Assert.Contains(after, name => name.StartsWith("kb", StringComparison.Ordinal));
        Assert.Empty(lab.Remains());
        Assert.Equal([2, 1], [lab.Records.EndpointsOf(one.Id).Count, lab.Records.EndpointsOf(two.Id).Count]);
    }

    /// <summary>What the kernel and the records have after each single step, another command must be able to take away.</summary>
    [NetworkTheory]
    [InlineData(NetworkType.Loopback)]
    [InlineData(NetworkType.Bridge)]
    public async Task Who_is_killed_between_two_steps_leaves_nothing_that_another_does_not_remove(NetworkType type)
    {
        await using var lab = await NetworkLab.OpenAsync();
        await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "own", Type = type }, None);
        var request = NetworkLab.On("own") with { Ports = [new PortPublication { HostPort = 8080, ContainerPort = 80 }] };
        var id = await lab.ContainerAsync("box", request);
        var isComplete = false;
        var steps = 0;
        for (; !isComplete; steps++)
        {
            foreach (var isLowered in new[] { false, true })
            {
                var count = 0;
                var doomed = lab.NewCommand(_ =>
                {
                    if (Interlocked.Increment(ref count) == steps + 1)
                    {
                        throw new KilledException();
                    }
                });
                if (isLowered)
                {
                    await lab.RaiseAsync(id, request);
                }

                var killed = await Record.ExceptionAsync(() => isLowered ? doomed.LowerAsync(id, None) : NetworkLab.RaiseAsync(doomed, id, request));
                Assert.True(killed is null or KilledException, killed?.ToString());
                isComplete = killed is null;

                await lab.NewCommand().LowerAsync(id, None);
                var left = lab.Remains();
                Assert.True(left.Count == 0, $"after {steps} steps: {string.Join(", ", left)}");
            }
        }

        Assert.True(steps > 3, $"only {steps} steps were told of");
    }

    [NetworkFact]
    public async Task A_start_over_what_was_left_half_done_succeeds()
    {
        await using var lab = await NetworkLab.OpenAsync();
        var request = NetworkLab.On("default") with { Ports = [new PortPublication { HostPort = 8080, ContainerPort = 80 }] };
        var id = await lab.ContainerAsync("box", request);
        var doomed = lab.NewCommand(step =>
        {
            if (step.StartsWith("add address", StringComparison.Ordinal))
            {
                throw new KilledException();
            }
        });
        await Assert.ThrowsAsync<KilledException>(() => NetworkLab.RaiseAsync(doomed, id, request));

        var raised = (JailNetwork.Joined)(await lab.RaiseAsync(id, request)).Network;
        lab.Serve(raised.Stack, 80);

        Assert.NotNull(await Wire.AskAsync(lab.Outside.Path, NetworkLab.HostAddress, 8080, expected: true));
        await lab.Lifecycle.LowerAsync(id, None);
        Assert.Empty(lab.Remains());
    }

    [NetworkFact]
    public async Task Twenty_that_start_and_stop_at_once_leave_nothing()
    {
        await using var lab = await NetworkLab.OpenAsync();
        await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "own", Type = NetworkType.Bridge }, None);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () =>
        {
            var command = lab.NewCommand();
            var request = NetworkLab.On(i % 2 == 0 ? "own" : "default") with { Ports = [new PortPublication { HostPort = i % 3 == 0 ? 0 : 9000 + i, ContainerPort = 80 }] };
            var id = await lab.ContainerAsync($"box{i}", request);
            await NetworkLab.RaiseAsync(command, id, request);
            await command.LowerAsync(id, None);
        })));

        Assert.Empty(lab.Remains());
    }

    [NetworkFact]
    public async Task Rules_that_somebody_takes_away_come_back_with_the_next_command()
    {
        await using var lab = await NetworkLab.OpenAsync();
        var box = await lab.StartAsync("box", NetworkLab.On("default") with { Ports = [new PortPublication { HostPort = 8080, ContainerPort = 80 }] });
        lab.Serve(box.Stack, 80);
        foreach (var harm in new[] { "nft flush ruleset", "nft flush table inet kleene-test", "nft delete table inet kleene-test", "nft flush table inet kleene-test; nft add table inet mine" })
        {
            lab.Host.Run(harm);
            var cut = await Wire.AskAsync(lab.Outside.Path, NetworkLab.HostAddress, 8080, expected: false);

            await lab.NewCommand().SweepAsync(None);

            Assert.Null(cut);
            Assert.NotNull(await Wire.AskAsync(lab.Outside.Path, NetworkLab.HostAddress, 8080, expected: true));
        }

        Assert.Contains("table inet mine", lab.Host.Run("nft list tables"), StringComparison.Ordinal);
    }

    [NetworkFact]
    public async Task Two_do_not_publish_one_port_and_one_that_has_ended_publishes_none()
    {
        await using var lab = await NetworkLab.OpenAsync();
        var request = NetworkLab.On("default") with { Ports = [new PortPublication { HostPort = 8080, ContainerPort = 80, Count = 5 }] };
        var one = await lab.StartAsync("one", request);
        var other = request with { Ports = [new PortPublication { HostAddress = "127.0.0.1", HostPort = 8084, ContainerPort = 1 }] };
        var two = await lab.ContainerAsync("two", other);

        var said = await Assert.ThrowsAsync<NetworkException>(() => lab.RaiseAsync(two, other));
        await lab.Lifecycle.LowerAsync(two, None);
        await lab.Lifecycle.LowerAsync(one.Id, None);
        await lab.RaiseAsync(two, other);

        Assert.Equal("'127.0.0.1:8084->1/tcp' cannot be published: container 'one' has '0.0.0.0:8080-8084->80-84/tcp'; stop that one, or choose another port with --publish", said.Message);
        Assert.Empty(lab.Stacks.PortsOf(one.Id));
        Assert.Equal("127.0.0.1:8084->1/tcp", Assert.Single(lab.Stacks.PortsOf(two)).ToString());
    }

    [NetworkFact]
    public async Task A_port_that_a_program_of_the_host_has_is_refused_and_the_program_named()
    {
        await using var lab = await NetworkLab.OpenAsync();
        lab.Serve(lab.Host.Path, 8080);
        var request = NetworkLab.On("default") with { Ports = [new PortPublication { HostPort = 8080, ContainerPort = 80 }] };
        var id = await lab.ContainerAsync("box", request);

        var said = await Assert.ThrowsAsync<NetworkException>(() => lab.RaiseAsync(id, request));

        Assert.Contains("port 8080/tcp of the host is taken by '", said.Message, StringComparison.Ordinal);
        Assert.Contains($"(process {Environment.ProcessId})", said.Message, StringComparison.Ordinal);
    }

    [NetworkFact]
    public async Task Ranges_datagrams_and_ports_of_one_address_lead_where_they_should()
    {
        await using var lab = await NetworkLab.OpenAsync();
        var box = await lab.StartAsync("box", NetworkLab.On("default") with
        {
            Ports =
            [
                new PortPublication { HostPort = 5000, ContainerPort = 4000, Count = 1001 },
                new PortPublication { HostPort = 5300, ContainerPort = 53, Protocol = PortProtocol.Udp },
                new PortPublication { HostAddress = "127.0.0.1", HostPort = 81, ContainerPort = 81 },
                new PortPublication { HostInterface = "up0", HostPort = 82, ContainerPort = 81 },
                new PortPublication { HostPort = 0, ContainerPort = 81 },
            ],
        });
        foreach (var port in new[] { 4000, 4500, 5000, 81 })
        {
            lab.Serve(box.Stack, port);
        }

        lab.Keep(Wire.ServeDatagrams(box.Stack, 53));
        var free = lab.Stacks.PortsOf(box.Id)[4].HostPort;

        foreach (var (port, address, expected) in new[]
        {
            (5000, NetworkLab.HostAddress, true), (5500, NetworkLab.HostAddress6, true), (6000, NetworkLab.HostAddress, true), (6001, NetworkLab.HostAddress, false),
            (81, NetworkLab.HostAddress, false), (82, NetworkLab.HostAddress, true), (free, NetworkLab.HostAddress6, true),
        })
        {
            Assert.Equal((port, expected), (port, await Wire.AskAsync(lab.Outside.Path, address, port, expected) is not null));
        }

        Assert.NotNull(await Wire.AskAsync(lab.Host.Path, "127.0.0.1", 81, expected: true));
        Assert.Null(await Wire.AskAsync(lab.Host.Path, NetworkLab.HostAddress, 81, expected: false));

        // Around the address that it is published on there is no way.
        Assert.Null(await Wire.AskAsync(lab.Outside.Path, box.Address, 53, expected: false));
        Assert.Equal(NetworkLab.OutsideAddress, await Wire.AskByDatagramAsync(lab.Outside.Path, NetworkLab.HostAddress, 5300));
        Assert.Equal(NetworkLab.OutsideAddress6, await Wire.AskByDatagramAsync(lab.Outside.Path, NetworkLab.HostAddress6, 5300));
        Assert.NotNull(await Wire.AskByDatagramAsync(lab.Host.Path, "127.0.0.1", 5300));
        Assert.NotNull(await Wire.AskByDatagramAsync(lab.Host.Path, "::1", 5300));
    }

    /// <summary>Published ports on 127.0.0.1 need the host to route it. A container that may make up packets must not get to the host's loopback by that.</summary>
    [NetworkTheory]
    [InlineData(NetworkType.Loopback)]
    [InlineData(NetworkType.Bridge)]
    public async Task The_hosts_loopback_stays_out_of_reach(NetworkType type)
    {
        await using var lab = await NetworkLab.OpenAsync();
        var network = await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "own", Type = type }, None);
        var box = await lab.StartAsync("box", NetworkLab.On("own"));
        lab.Keep(Wire.Serve(lab.Host.Path, 90, isOfLoopback: true));
        lab.Serve(lab.Host.Path, 91);
        lab.Host.Run($"nsenter --net={box.Stack.Replace(" ", "\\ ", StringComparison.Ordinal)} sh -ec 'ip addr del 127.0.0.1/8 dev lo; ip route replace 127.0.0.0/8 via {network.Gateway} dev eth0; echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet'");

        Assert.Null(await Wire.AskAsync(box.Stack, "127.0.0.1", 90, expected: false));
        Assert.NotNull(await Wire.AskAsync(box.Stack, network.Gateway!.ToString(), 91, expected: true));
    }

    [NetworkFact]
    public async Task Names_are_told_to_those_who_share_a_network_as_soon_as_they_change()
    {
        await using var lab = await NetworkLab.OpenAsync();
        await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "one" }, None);
        await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "two" }, None);
        var a = await lab.StartAsync("a", NetworkLab.On("one"));
        var inode = lab.Host.Run($"stat -c %i '{a.Network.HostsFile}'");
        var b = await lab.StartAsync("b", new NetworkRequest { Endpoints = [new EndpointRequest { Network = "one", Aliases = ["db", "store"] }, new EndpointRequest { Network = "two" }] });
        var c = await lab.StartAsync("c", NetworkLab.On("two"));
        string Hosts(LabContainer of) => File.ReadAllText(of.Network.HostsFile);

        Assert.Contains($"{b.Address}\tb {b.Id} db store\n{b.Address6}\tb {b.Id} db store\n", Hosts(a), StringComparison.Ordinal);
        Assert.DoesNotContain($"\tc {c.Id}", Hosts(a), StringComparison.Ordinal);
        Assert.Contains($"\tc {c.Id}", Hosts(b), StringComparison.Ordinal);
        Assert.DoesNotContain(" db store", Hosts(c), StringComparison.Ordinal);

        await lab.Lifecycle.ConnectAsync(c.Id, NetworkDriver.Ipnet, new EndpointRequest { Network = "one" }, None);
        Assert.Contains($"\tc {c.Id}", Hosts(a), StringComparison.Ordinal);
        Assert.Contains("\tb " + b.Id + " db store", Hosts(c), StringComparison.Ordinal);

        lab.Database.Execute("UPDATE containers SET name = 'renamed' WHERE id = $1", b.Id.ToString());
        await lab.Lifecycle.RenamedAsync(b.Id, None);
        Assert.Contains($"\trenamed {b.Id} db store", Hosts(a), StringComparison.Ordinal);

        await lab.Lifecycle.LowerAsync(b.Id, None);
        Assert.DoesNotContain("renamed", Hosts(a), StringComparison.Ordinal);
        Assert.Equal(inode, lab.Host.Run($"stat -c %i '{a.Network.HostsFile}'"));
    }

    [NetworkTheory]
    [InlineData(NetworkType.Loopback)]
    [InlineData(NetworkType.Bridge)]
    public async Task One_that_runs_is_connected_and_disconnected(NetworkType type)
    {
        await using var lab = await NetworkLab.OpenAsync();
        await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "in", IsInternal = true }, None);
        await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "own", Type = type }, None);
        lab.Serve(lab.Outside.Path, 80);
        var a = await lab.StartAsync("a", NetworkLab.On("in"));
        var b = await lab.StartAsync("b", NetworkLab.On("own"));
        lab.Serve(b.Stack, 80);
        var before = await ReachesAsync(expected: false);

        await lab.Lifecycle.ConnectAsync(a.Id, NetworkDriver.Ipnet, new EndpointRequest { Network = "own" }, None);
        var during = await ReachesAsync(expected: true);
        await lab.Lifecycle.DisconnectAsync(a.Id, lab.Records.Find("own"), None);
        var after = await ReachesAsync(expected: false);
        await lab.Lifecycle.ConnectAsync(a.Id, NetworkDriver.Ipnet, new EndpointRequest { Network = "own" }, None);

        Assert.Equal([(false, false), (true, true), (false, false), (true, true)], [before, during, after, await ReachesAsync(expected: true)]);
        var twice = await Assert.ThrowsAsync<NetworkException>(() => lab.Lifecycle.ConnectAsync(a.Id, NetworkDriver.Ipnet, new EndpointRequest { Network = "own" }, None));
        Assert.Equal("container already connected to the network 'own'", twice.Message);

        async Task<(bool, bool)> ReachesAsync(bool expected) => (
            await Wire.AskAsync(a.Stack, b.Address, 80, expected) is not null,
            await Wire.AskAsync(a.Stack, NetworkLab.OutsideAddress6, 80, expected) is not null);
    }

    [NetworkFact]
    public async Task A_network_whose_containers_run_is_removed_only_by_force()
    {
        await using var lab = await NetworkLab.OpenAsync();
        var network = await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "own" }, None);
        var box = await lab.StartAsync("box", NetworkLab.On("own"));

        var said = await Assert.ThrowsAsync<NetworkException>(() => lab.Lifecycle.RemoveAsync(network, force: false, None));
        Assert.Empty(await lab.Lifecycle.PruneAsync(None));
        await lab.Lifecycle.RemoveAsync(network, force: true, None);

        Assert.Equal("the network 'own' is in use by 'box'; stop them, or disconnect them with --force", said.Message);
        Assert.Empty(lab.Records.List());
        await lab.Lifecycle.LowerAsync(box.Id, None);
        Assert.Empty(lab.Remains());
    }

    [NetworkFact]
    public async Task An_interface_of_the_hosts_own_is_neither_taken_nor_removed()
    {
        await using var lab = await NetworkLab.OpenAsync();
        lab.Host.Run("ip link add br-lab type bridge");
        await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "own", Type = NetworkType.Bridge, Interface = "br-lab" }, None);
        var id = await lab.ContainerAsync("box", NetworkLab.On("own"));

        var said = await Assert.ThrowsAsync<NetworkException>(() => lab.RaiseAsync(id, NetworkLab.On("own")));
        await lab.Lifecycle.LowerAsync(id, None);

        Assert.Equal("the host has an interface 'br-lab' already, and the network 'own' wants to make it; remove one of them", said.Message);
        Assert.Contains("br-lab", lab.Host.Run("ip -o link show type bridge"), StringComparison.Ordinal);
        Assert.Empty(lab.Remains());
    }

    [NetworkFact]
    public async Task A_subnet_that_the_host_has_a_way_to_is_refused_with_that_way()
    {
        await using var lab = await NetworkLab.OpenAsync();
        lab.Host.Run("ip route add 10.20.0.0/16 via 198.51.100.9; ip -6 route add fd20::/48 dev up0");

        var first = await Assert.ThrowsAsync<NetworkException>(() => lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "own", Subnet = IPNetwork.Parse("10.20.30.0/24") }, None));
        var second = await Assert.ThrowsAsync<NetworkException>(() => lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "own", Subnet6 = IPNetwork.Parse("fd20::/16") }, None));
        await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "a", Subnet = IPNetwork.Parse("10.21.0.0/16") }, None);
        var third = await Assert.ThrowsAsync<NetworkException>(() => lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "b", Subnet = IPNetwork.Parse("10.21.0.0/24") }, None));

        Assert.Equal("the subnet 10.20.30.0/24 overlaps with the host's route 10.20.0.0/16 dev up0; choose another with --subnet", first.Message);
        Assert.Equal("the subnet fd20::/16 overlaps with the host's route fd20::/48 dev up0; choose another with --subnet6", second.Message);
        Assert.Equal("the subnet 10.21.0.0/24 overlaps with the network 'a'; choose another with --subnet", third.Message);
    }

    [NetworkFact]
    public async Task A_subnet_of_ours_that_others_took_meanwhile_is_chosen_anew_and_one_of_the_users_is_an_error()
    {
        await using var lab = await NetworkLab.OpenAsync();
        var ours = await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "ours" }, None);
        await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "theirs", Subnet = IPNetwork.Parse("10.30.0.0/24") }, None);
        var (a, b) = (await lab.ContainerAsync("a", NetworkLab.On("ours")), await lab.ContainerAsync("b", NetworkLab.On("theirs")));
        lab.Host.Run($"ip route add {ours.Subnet} dev up0; ip route add 10.30.0.0/16 dev up0");

        await lab.RaiseAsync(a, NetworkLab.On("ours"));
        var said = await Assert.ThrowsAsync<NetworkException>(() => lab.RaiseAsync(b, NetworkLab.On("theirs")));

        var moved = lab.Records.Find("ours");
        Assert.NotEqual(ours.Subnet, moved.Subnet);
        Assert.True(moved.Subnet!.Value.Contains(lab.Records.EndpointsOf(a)[0].Address!));
        Assert.Equal("the subnet 10.30.0.0/24 of the network 'theirs' overlaps with the host's route 10.30.0.0/16 dev up0; remove one of them", said.Message);
    }

    [NetworkFact]
    public async Task A_build_has_one_stack_for_each_step_that_runs_at_a_time()
    {
        await using var lab = await NetworkLab.OpenAsync();
        await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "back" }, None);
        var database = await lab.StartAsync("database", NetworkLab.On("back"));
        await using (var build = new BuildNetworks(lab.Lifecycle))
        {
            var one = await build.BorrowAsync("back", "build", [], None);
            var two = await build.BorrowAsync("back", "build", [], None);
            var hosts = await File.ReadAllTextAsync(((JailNetwork.Joined)one.Network.Network).HostsFile);
            one.Dispose();
            using var three = await build.BorrowAsync("back", "other", [new HostEntry("10.9.9.9", "extra")], None);
            var again = await File.ReadAllTextAsync(((JailNetwork.Joined)three.Network.Network).HostsFile);
            two.Dispose();

            Assert.Equal(one.Network.Network, three.Network.Network);
            Assert.NotEqual(one.Network.Network, two.Network.Network);
            Assert.Contains($"{database.Address}\tdatabase {database.Id}", hosts, StringComparison.Ordinal);
            Assert.Contains("10.9.9.9\textra\n", again, StringComparison.Ordinal);
            Assert.Contains("\tother\n", again, StringComparison.Ordinal);
            Assert.Single(lab.Records.EndpointsIn(lab.Records.Find("back").Id), endpoint => endpoint.Owner == database.Id);
            Assert.Equal(3, lab.Records.EndpointsIn(lab.Records.Find("back").Id).Count);
        }

        Assert.Single(lab.Records.EndpointsIn(lab.Records.Find("back").Id));
        await lab.Lifecycle.LowerAsync(database.Id, None);
        Assert.Empty(lab.Remains());
    }

    [NetworkFact]
    public async Task What_a_build_that_was_killed_left_goes_with_the_next_command()
    {
        await using var lab = await NetworkLab.OpenAsync();
        var dead = new Session(lab.State);
        var build = new BuildNetworks(lab.NewCommand(session: dead));
        _ = await build.BorrowAsync(Network.DefaultName, "build", [], None);
        await lab.Lifecycle.SweepAsync(None);
        Assert.NotEmpty(lab.Remains());

        dead.Dispose();
        await lab.Lifecycle.SweepAsync(None);

        Assert.Empty(lab.Remains());
        Assert.Empty(lab.Records.EndpointsIn(lab.Records.Find("default").Id));
    }

    [NetworkTheory]
    [InlineData(NetworkDriver.Host, NetworkType.Bridge, "containers with the 'host' network-driver cannot connect to networks.")]
    [InlineData(NetworkDriver.Disabled, NetworkType.Loopback, "containers with the 'disabled' network-driver cannot connect to networks.")]
    [InlineData(NetworkDriver.Vnet, NetworkType.Loopback, "containers using the 'vnet' network-driver can't connect to loopback networks")]
    [InlineData(NetworkDriver.Vnet, NetworkType.Custom, "containers using the 'vnet' network-driver can't connect to custom networks")]
    public async Task What_cannot_be_connected_is_told_in_kleenes_words(NetworkDriver driver, NetworkType type, string message)
    {
        await using var lab = await NetworkLab.OpenAsync();
        await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "own", Type = type, Interface = "br-lab" }, None);

        Assert.Equal(message, (await Assert.ThrowsAsync<NetworkException>(() => lab.Lifecycle.CheckAsync(NetworkLab.On("own") with { Driver = driver }, None))).Message);
        var later = await Assert.ThrowsAsync<NetworkException>(() => lab.Lifecycle.ConnectAsync(SnapshotId.New(), driver, new EndpointRequest { Network = "own" }, None));
        Assert.Equal(message, later.Message);
    }

    [NetworkFact]
    public async Task An_address_is_a_containers_until_it_is_disconnected_or_removed()
    {
        await using var lab = await NetworkLab.OpenAsync();
        await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "own", Subnet = IPNetwork.Parse("10.60.0.0/29") }, None);
        NetworkRequest At(string address) => new() { Endpoints = [new EndpointRequest { Network = "own", Address = address }] };
        var fixedOne = await lab.ContainerAsync("fixed", At("10.60.0.2"));
        var free = await lab.ContainerAsync("free", At(""));

        Assert.Equal("10.60.0.3", lab.Records.EndpointsOf(free)[0].Address!.ToString());
        Assert.Contains("taken by another container", (await Assert.ThrowsAsync<NetworkException>(() => lab.ContainerAsync("third", At("10.60.0.2")))).Message, StringComparison.Ordinal);
        lab.Database.Execute("DELETE FROM containers WHERE id = $1", fixedOne.ToString());
        Assert.Equal("10.60.0.2", lab.Records.EndpointsOf(await lab.ContainerAsync("fourth", At("")))[0].Address!.ToString());
        await lab.Lifecycle.DisconnectAsync(free, lab.Records.Find("own"), None);
        Assert.Equal("10.60.0.3", lab.Records.EndpointsOf(await lab.ContainerAsync("fifth", At("10.60.0.3")))[0].Address!.ToString());
    }

    [Theory]
    [InlineData("nameserver 127.0.0.53\nsearch x\n", "nameserver 9.9.9.9\n", "nameserver 9.9.9.9\n")]
    [InlineData("nameserver 127.0.0.53\nnameserver 1.1.1.1\nsearch x\n", "nameserver 9.9.9.9\n", "nameserver 1.1.1.1\nsearch x\n")]
    [InlineData("nameserver 10.0.0.1\noptions edns0\n", null, "nameserver 10.0.0.1\noptions edns0\n")]
    [InlineData("nameserver ::1\nsearch x\n", null, "search x\n")]
    [InlineData("", null, "")]
    public void A_resolver_that_cannot_be_reached_is_replaced_by_those_that_it_asks(string host, string? upstream, string text)
    {
        Assert.Equal(text, ResolverFile.Text([], isShared: false, host, upstream));
        Assert.Equal(host, ResolverFile.Text([], isShared: true, host, upstream));
    }

    [Fact]
    public void Resolvers_that_were_asked_for_take_the_place_of_the_hosts() =>
        Assert.Equal("search x\nnameserver 9.9.9.9\nnameserver ::1\n", ResolverFile.Text(["9.9.9.9", "::1"], isShared: false, "nameserver 1.1.1.1\nsearch x\n", null));

    private sealed class KilledException : Exception;
}
