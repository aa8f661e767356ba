using System.Net;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Testing.Networks;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>
/// Every driver, type, icc, internal and NAT, over IPv4 and IPv6: who can connect to whom. A and B are on one network, C on another; there is the host, and a
/// machine outside that knows the way to all of them.
/// </summary>
public sealed class NetworkMatrixTests(NetworkMatrixTests.SharedLab shared) : IClassFixture<NetworkMatrixTests.SharedLab>
{
    private const string Any = "any";

    public static TheoryData<NetworkDriver, NetworkType, bool, bool, bool, bool> Cells()
    {
        var cells = new TheoryData<NetworkDriver, NetworkType, bool, bool, bool, bool>();
        foreach (var type in Enum.GetValues<NetworkType>())
        {
            foreach (var driver in (NetworkDriver[])[NetworkDriver.Ipnet, NetworkDriver.Vnet])
            {
                for (var bits = 0; bits < 16; bits++)
                {
                    // Whether bridged packets pass the packet filter (br_netfilter) is the host's affair, and must not matter.
                    var isFiltered = (bits & 8) != 0;
                    if (driver == NetworkDriver.Ipnet ? isFiltered || type == NetworkType.Bridge : isFiltered && type == NetworkType.Bridge)
                    {
                        cells.Add(driver, type, (bits & 1) == 0, (bits & 2) != 0, (bits & 4) == 0, isFiltered);
                    }
                }
            }
        }

        return cells;
    }

    [NetworkTheory]
    [MemberData(nameof(Cells))]
    public async Task Who_reaches_whom(NetworkDriver driver, NetworkType type, bool icc, bool isInternal, bool nat, bool isFiltered)
    {
        var lab = shared.Lab;
        lab.Host.Run($"test ! -d /proc/sys/net/bridge || for i in ip ip6; do echo {(isFiltered ? 1 : 0)} > /proc/sys/net/bridge/bridge-nf-call-${{i}}tables; done");
        var own = await lab.Lifecycle.CreateAsync(new NetworkSpec
        {
            Name = "own",
            Type = type,
            Interface = type == NetworkType.Custom ? "br-lab" : "",
            Subnet = IPNetwork.Parse(type == NetworkType.Custom ? "10.52.0.0/24" : "10.50.0.0/24"),
            Subnet6 = IPNetwork.Parse(type == NetworkType.Custom ? "fd52::/64" : "fd50::/64"),
            AllowsNeighbours = icc,
            IsInternal = isInternal,
            HasNat = nat,
        }, CancellationToken.None);
        var other = await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "other", Subnet = IPNetwork.Parse("10.51.0.0/24"), Subnet6 = IPNetwork.Parse("fd51::/64") }, CancellationToken.None);
        var request = NetworkLab.On("own") with { Driver = driver };
        var published = isInternal ? request : request with { Ports = [new PortPublication { HostPort = 8080, ContainerPort = 80 }] };
        var (a, b, c) = (await lab.StartAsync("a", published), await lab.StartAsync("b", request), await lab.StartAsync("c", NetworkLab.On("other")));
        var servers = new[] { a, b, c }.SelectMany(container => new[] { Wire.Serve(container.Stack, 80), Wire.Serve(container.Stack, 81) }).ToList();

        // The filter translates what comes back before it leaves the bridge, and the kernel then takes a packet to ::1 for forged.
        var isForgery = type == NetworkType.Bridge && icc && isFiltered && Directory.Exists("/proc/sys/net/bridge");
        var said = new List<string>();
        foreach (var (at, bt, ct, host, outside, loopback) in new[]
        {
            (a.Address, b.Address, c.Address, NetworkLab.HostAddress, NetworkLab.OutsideAddress, "127.0.0.1"),
            (a.Address6, b.Address6, c.Address6, NetworkLab.HostAddress6, NetworkLab.OutsideAddress6, "::1"),
        })
        {
            await Expect("a to itself", a.Stack, at, 81, at);
            await Expect("a to b", a.Stack, bt, 81, icc ? at : null);
            await Expect("a to c", a.Stack, ct, 81, null);
            await Expect("c to a", c.Stack, at, 81, null);
            await Expect("host to a", lab.Host.Path, at, 81, Any);
            await Expect("outside to a", lab.Outside.Path, at, 81, null);
            await Expect("a to host", a.Stack, host, 90, isInternal ? null : at);
            await Expect("a to outside", a.Stack, outside, 81, isInternal ? null : nat ? host : at);

            var way = isInternal ? null : Any;
            await Expect("outside by port", lab.Outside.Path, host, 8080, isInternal ? null : outside);
            await Expect("host by port", lab.Host.Path, host, 8080, way);
            await Expect("host by port on the loopback", lab.Host.Path, loopback, 8080, type == NetworkType.Custom || (isForgery && loopback == "::1") ? null : way);
            await Expect("c by port", c.Stack, host, 8080, way);
            await Expect("c by published address", c.Stack, at, 80, way);
            await Expect("outside by unpublished port", lab.Outside.Path, host, 8081, null);
            if (icc || type != NetworkType.Custom)
            {
                await Expect("b by port", b.Stack, host, 8080, way);
                await Expect("b by published address", b.Stack, at, 80, icc ? at.Length > 0 ? bt : null : isInternal ? null : bt);
                await Expect("a by its own port", a.Stack, host, 8080, way);
            }
        }

        var rules = said.Count == 0 ? "" : lab.Host.Run("nft list ruleset");
        servers.ForEach(server => server.Dispose());
        foreach (var container in new[] { a, b, c })
        {
            await lab.Lifecycle.LowerAsync(container.Id, CancellationToken.None);
            lab.Database.Execute("DELETE FROM containers WHERE id = $1", container.Id.ToString());
        }

        await lab.Lifecycle.RemoveAsync(own, force: false, CancellationToken.None);
        await lab.Lifecycle.RemoveAsync(other, force: false, CancellationToken.None);
        Assert.Empty(lab.Remains());
        Assert.True(said.Count == 0, string.Join('\n', said) + "\n" + rules);

        async Task Expect(string what, string from, string to, int port, string? seen)
        {
            var answer = await Wire.AskAsync(from, to, port, expected: seen is not null);
            if (seen == Any ? answer is null : answer != seen)
            {
                said.Add($"{what} ({to}:{port}): {answer ?? "nothing"} instead of {seen ?? "nothing"}");
            }
        }
    }

    /// <summary>One host for all cells: each leaves it as it was.</summary>
    public sealed class SharedLab : IAsyncLifetime
    {
        private NetworkLab? lab;

        internal NetworkLab Lab => lab ?? throw new InvalidOperationException("the test should have been skipped");

        public async Task InitializeAsync()
        {
            if (NetworkNeeds.Missing is null)
            {
                lab = await NetworkLab.OpenAsync();
                lab.Serve(lab.Host.Path, 90);
                lab.Serve(lab.Outside.Path, 81);
                lab.Host.Run("ip link add br-lab type bridge; ip addr add 10.52.0.1/24 dev br-lab; ip addr add fd52::1/64 dev br-lab nodad; ip link set br-lab up");
            }
        }

        public async Task DisposeAsync()
        {
            if (lab is not null)
            {
                await lab.DisposeAsync();
            }
        }
    }
}
