using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks.Linux;

/// <summary>
/// Networks of namespaces, pairs of interfaces and nft. Each container has an interface of the host to itself, and the host routes between it and all others;
/// only on a network of the type bridge whose containers are neighbours they are ports of one bridge, as broadcasts need it.
/// A bridge is not what all networks are made of because of br_netfilter, where that is loaded: it translates addresses before a packet leaves the bridge. What
/// is for a published port of a neighbour is then handed from port to port (and lost, if the ports are isolated), and an answer
/// to ::1 is taken for a forgery.
/// </summary>
public sealed class LinuxNetworkDriver : INetworkDriver, IDisposable
{
    private const int Loopback = 1;

    private readonly Lazy<string> directory;
    private readonly string? hostStack;
    private readonly Action<string>? step;
    private readonly NftTable table;
    private RouteSocket? host;
    private bool? hasIpv6;

    private LinuxNetworkDriver(IProcessRunner processes, Lazy<string> directory, string table, string? stack, Action<string>? step)
    {
        this.directory = directory;
        hostStack = stack;
        this.step = step;
        this.table = new NftTable(processes, table, stack);
    }

    /// <summary>The driver of a store. Its table in the packet filter is called after the store, where that is not the system's.</summary>
    /// <param name="root">The directory of all our state.</param>
    public static LinuxNetworkDriver For(IProcessRunner processes, string root)
    {
        var table = Path.GetFullPath(root) == StateDirectory.SystemRoot ? "kleene" : $"kleene-{JailStateDirectory.NameOf(root)}";
        return new LinuxNetworkDriver(processes, new Lazy<string>(() => Made(Path.Join(JailStateDirectory.For(root), "networks"))), table, stack: null, step: null);
    }

    /// <summary>One for which another network stack than this process's is the host.</summary>
    /// <param name="stack">The file that holds it.</param>
    /// <param name="step">Told of each change before it is made.</param>
    internal static LinuxNetworkDriver On(string stack, IProcessRunner processes, string directory, Action<string>? step = null) =>
        new(processes, new Lazy<string>(directory), "kleene-test", stack, step);

    /// <summary>Asked of the kernel when it first matters: most commands touch no network.</summary>
    private bool HasIpv6 => hasIpv6 ??= File.Exists("/proc/net/if_inet6") && IsOff("ipv6/conf/all/disable_ipv6") && IsOff("ipv6/conf/default/disable_ipv6");

    private HostPorts Ports => new(HasIpv6, PortOwner.Of);

    private RouteSocket Host => host ??= NetworkNamespace.In(hostStack, () => RouteSocket.Open(step));

    public Task<HostWays> LookAsync(CancellationToken cancellationToken) => Task.FromResult(new HostWays([.. Host.Routes()], HasIpv6));

    public Task RaiseNetworkAsync(Network network)
    {
        if (network.Type == NetworkType.Custom)
        {
            if (!Host.IsBridge(network.Interface))
            {
                throw new NetworkException($"the network '{network.Name}' is of the interface '{network.Interface}', and the host has no bridge of that name; make it with 'ip link add {network.Interface} type bridge'");
            }
        }
        else if (IsSwitched(network))
        {
            if (!Host.TryAddBridge(network.Interface, GroupOf(network)) && !IsOurs(network))
            {
                throw new NetworkException($"the host has an interface '{network.Interface}' already, and the network '{network.Name}' wants to make it; remove one of them");
            }

            // Also where it was there: who made it may have been killed before he came to this.
            Furnish(network.Interface, network, own: null);
        }

        NetworkNamespace.In(hostStack, () => Forward(network));
        return Task.CompletedTask;
    }

    public Task LowerNetworkAsync(Network network)
    {
        if (IsSwitched(network) && IsOurs(network))
        {
            Host.Delete(network.Interface);
        }

        return Task.CompletedTask;
    }

    public Task RaiseStackAsync(StackSpec stack)
    {
        step?.Invoke($"raise stack {stack.Id}");
        using var inside = NetworkNamespace.Create(FileOf(stack.Id), () => RouteSocket.Open(step));
        inside.SetUp(Loopback);
        return Task.CompletedTask;
    }

    public Task LowerStackAsync(StackSpec stack)
    {
        step?.Invoke($"lower stack {stack.Id}");
        NetworkNamespace.Remove(FileOf(stack.Id));
        File.Delete(HostsOf(stack.Id));
        return Task.CompletedTask;
    }

    public JailNetwork StackOf(StackSpec stack, IReadOnlyList<NetworkLink> links) => new JailNetwork.Joined(FileOf(stack.Id), HostsOf(stack.Id));

    public Task ConnectAsync(StackSpec stack, Endpoint endpoint, Network network)
    {
        using var held = NetworkNamespace.Open(FileOf(stack.Id));
        using var inside = NetworkNamespace.In(FileOf(stack.Id), () => RouteSocket.Open(step));
        var device = Enumerable.Range(0, int.MaxValue).Select(i => $"eth{i}").First(name => inside.Find(name) is null);
        var own = InterfaceOf(endpoint);

        // One that was killed may have left it.
        Host.Delete(own);
        if (IsBridged(network))
        {
            var bridge = Host.Find(network.Interface) ?? throw new NetworkException($"the interface '{network.Interface}' of the network '{network.Name}' has gone; stop its containers and start them again");
            Host.AddPair(own, network.Type == NetworkType.Custom ? 0 : GroupOf(network), bridge, device, held);
            Host.SetPort(own, sendsBack: true, isIsolated: !network.AllowsNeighbours);
        }
        else
        {
            Host.AddPair(own, GroupOf(network), 0, device, held);
            Furnish(own, network, endpoint);
        }

        var index = inside.Find(device) ?? throw new NetworkException($"the interface of the network '{network.Name}' has gone as soon as it was made");
        inside.SetUp(index);
        foreach (var (address, subnet, gateway) in Families(endpoint, network))
        {
            // Without a bridge the gateway alone is near, and all others are behind it.
            inside.AddAddress(index, address, subnet.PrefixLength, isOnLink: IsBridged(network));
            if (!IsBridged(network) && gateway is not null)
            {
                inside.AddRoute(index, Alone(gateway), null, address.AddressFamily);
                inside.AddRoute(index, subnet, gateway, address.AddressFamily);
            }
        }

        return Task.CompletedTask;
    }

    public Task DisconnectAsync(StackSpec stack, Endpoint endpoint, Network network)
    {
        Host.Delete(InterfaceOf(endpoint));
        return Task.CompletedTask;
    }

    public Task RouteOutAsync(StackSpec stack, IReadOnlyList<NetworkLink> links, bool isUsed)
    {
        using var inside = NetworkNamespace.In(FileOf(stack.Id), () => RouteSocket.Open(step));
        foreach (var family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
        {
            var ways = links.Where(link => !link.Network.IsInternal).SelectMany(link => Families(link.Endpoint, link.Network));
            if (ways.FirstOrDefault(way => way.Gateway is not null && way.Address.AddressFamily == family) is { Gateway: { } gateway } way
                && inside.Routes().FirstOrDefault(route => route.Destination.PrefixLength > 0 && route.Destination.Contains(gateway)) is { } near)
            {
                inside.AddRoute(inside.Find(near.Interface)!.Value, null, gateway, way.Address.AddressFamily); // The route is of an interface.
            }
        }

        return Task.CompletedTask;
    }

    public void WriteHosts(SnapshotId id, string text)
    {
        step?.Invoke($"write hosts {id}");
        HostsFile.Write(HostsOf(id), text);
    }

    public Task ApplyAsync(FirewallIntent intent, CancellationToken cancellationToken)
    {
        step?.Invoke("apply the rules");
        return table.ApplyAsync(intent, cancellationToken);
    }

    public bool HasRules() => table.Holds() is not null;

    public string? Barrier() => ForwardBarriers.Describe(hostStack);

    public string? ListenerAt(PortPublication port) => NetworkNamespace.In(hostStack, () => Ports.ListenerAt(port));

    public int FreePort(PortPublication port) => NetworkNamespace.In(hostStack, () => Ports.FreePort(port));

    public string ResolverText(ImmutableArray<string> resolvers, bool isShared) => ResolverFile.Text(resolvers, isShared);

    public void Dispose() => host?.Dispose();

    /// <summary>Of 15 characters at most (IFNAMSIZ).</summary>
    private static string InterfaceOf(Endpoint endpoint) => $"kv{endpoint.Id}";

    /// <summary>Whether an interface of the network's name was made for it: the group tells.</summary>
    private bool IsOurs(Network network) => Host.GroupOf(network.Interface) == GroupOf(network);

    private static uint GroupOf(Network network) => InterfaceGroup.Of(network.Id.ToString());

    /// <summary>Whether it has a bridge of ours.</summary>
    private static bool IsSwitched(Network network) => network is { AllowsNeighbours: true, Type: NetworkType.Bridge };

    private static bool IsBridged(Network network) => IsSwitched(network) || network.Type == NetworkType.Custom;

    private static IPNetwork Alone(IPAddress address) => new(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);

    private static IEnumerable<(IPAddress Address, IPNetwork Subnet, IPAddress? Gateway)> Families(Endpoint endpoint, Network network)
    {
        if (endpoint.Address is { } address && network.Subnet is { } subnet)
        {
            yield return (address, subnet, network.Gateway);
        }

        if (endpoint.Address6 is { } address6 && network.Subnet6 is { } subnet6)
        {
            yield return (address6, subnet6, network.Gateway6);
        }
    }

    /// <summary>Gives an interface of the host the host's addresses in a network.</summary>
    /// <param name="own">Who alone is behind it; null: all of the network.</param>
    private void Furnish(string name, Network network, Endpoint? own)
    {
        var index = Host.Find(name) ?? throw new NetworkException($"the interface '{name}' has gone as soon as it was made");
        if (network.Subnet is { } subnet)
        {
            Host.RouteLoopback(name);
            if (network.Gateway is { } gateway)
            {
                Host.AddAddress(index, gateway, own is null ? subnet.PrefixLength : 32, isOnLink: own is null);
            }

            if (own?.Address is { } address)
            {
                Host.AddRoute(index, Alone(address), null, AddressFamily.InterNetwork);
            }
        }

        if (network.Subnet6 is { } subnet6)
        {
            Host.RouteLoopback6(index);
            if (network.Gateway6 is { } gateway6)
            {
                Host.AddAddress(index, gateway6, own is null ? subnet6.PrefixLength : 128, isOnLink: own is null);
            }

            if (own?.Address6 is { } address6)
            {
                Host.AddRoute(index, Alone(address6), null, AddressFamily.InterNetworkV6);
            }
        }
    }

    /// <summary>Lets the host pass packets on. It stays so: others may rely on it by then.</summary>
    private static bool Forward(Network network)
    {
        const string Forward4 = "ipv4/ip_forward";
        const string Forward6 = "ipv6/conf/all/forwarding";
        if (network.Subnet is not null && IsOff(Forward4))
        {
            NetworkNamespace.Set(Forward4, "1");
        }

        if (network.Subnet6 is not null && IsOff(Forward6))
        {
            // Who passes packets on does not listen to routers any more, unless told so (ip-sysctl: accept_ra): the host would lose its way out.
            foreach (var name in Directory.EnumerateDirectories("/proc/sys/net/ipv6/conf").Select(Path.GetFileName))
            {
                var setting = $"ipv6/conf/{name}/accept_ra";
                if (name is not ("all" or "default") && File.ReadAllText($"/proc/sys/net/{setting}").Trim() == "1")
                {
                    NetworkNamespace.Set(setting, "2");
                }
            }

            NetworkNamespace.Set(Forward6, "1");
        }

        return true;
    }

    private static bool IsOff(string setting) => File.Exists($"/proc/sys/net/{setting}") && File.ReadAllText($"/proc/sys/net/{setting}").Trim() == "0";

    private static string Made(string path) => Directory.CreateDirectory(path).FullName;

    private string FileOf(SnapshotId id) => Path.Join(directory.Value, id.ToString());

    private string HostsOf(SnapshotId id) => Path.Join(directory.Value, $"{id}.hosts");
}
