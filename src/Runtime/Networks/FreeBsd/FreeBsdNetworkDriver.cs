using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks.FreeBsd;

/// <summary>
/// Networks of ifconfig(8), jail(8) and pf(4). An ipnet container has addresses of the host's own on the network's interface; a vnet container a stack of its own, which
/// is a port of the network's bridge. What is made bears a name or is in a group that is made of an id, so it is found again without having been seen.
/// </summary>
[SupportedOSPlatform("freebsd")]
public sealed class FreeBsdNetworkDriver : INetworkDriver
{
    private const string Forwarding = "net.inet.ip.forwarding";

    /// <summary>Whether pf sees what one port of a bridge sends to another (if_bridge(4)).</summary>
    private const string MemberFilter = "net.link.bridge.pfil_member";

    private readonly IProcessRunner processes;
    private readonly Lazy<string> directory;
    private readonly Ifconfig host;
    private readonly StackJail stacks;
    private readonly PfAnchor anchor;

    /// <param name="anchor">The name of our rules below <c>kleene/</c>.</param>
    /// <param name="directory">Where hosts files are kept; made when needed.</param>
    /// <param name="lockFile">By which all stores of the machine wait for each other before they change rules.</param>
    internal FreeBsdNetworkDriver(IProcessRunner processes, string anchor, string directory, string lockFile)
    {
        this.processes = processes;
        this.directory = new Lazy<string>(() => Directory.CreateDirectory(directory).FullName);
        host = new Ifconfig(processes);
        stacks = new StackJail(processes);
        this.anchor = new PfAnchor(processes, $"kleene/{anchor}", lockFile);
    }

    private static HostPorts Ports => new(Socket.OSSupportsIPv6, (_, number) => $"another program, which 'sockstat -l -p {number}' shows");

    /// <summary>The driver of a store. Its anchor is called after the store, where that is not the system's.</summary>
    /// <param name="root">The directory of all our state.</param>
    public static FreeBsdNetworkDriver For(IProcessRunner processes, string root)
    {
        var isSystem = Path.GetFullPath(root) == StateDirectory.SystemRoot;
        var anchor = isSystem ? "system" : Sha256Hasher.Hash(System.Text.Encoding.UTF8.GetBytes(Path.GetFullPath(root))).Hex[..12];
        return new FreeBsdNetworkDriver(processes, anchor, Path.Join(root, "networks"), "/var/run/kleene.pf.lock");
    }

    public async Task<HostWays> LookAsync(CancellationToken cancellationToken) =>
        RoutingTable.Parse(await processes.RunToolAsync(CommandLine.Of(FreeBsdTools.Netstat, "--libxo", "json", "-rn") with { Timeout = FreeBsdTools.NetworkPatience }, cancellationToken));

    public async Task RaiseNetworkAsync(Network network)
    {
        if (network.Type == NetworkType.Custom)
        {
            if (!await host.ExistsAsync(network.Interface))
            {
                throw new NetworkException($"the network '{network.Name}' is of the interface '{network.Interface}', and the host has none of that name; make it with 'ifconfig … create', or remove the network");
            }

            return;
        }

        if (!(await host.ListAsync(GroupOf(network))).Contains(network.Interface)
            && !await host.TryCreateAsync(network.Type == NetworkType.Bridge ? "bridge" : "lo", network.Interface, GroupOf(network)))
        {
            throw new NetworkException($"the host has an interface '{network.Interface}' already, and the network '{network.Name}' wants to make it; remove one of them");
        }

        // Also where it was there: who made it may have been killed before he came to this.
        if (network.Type == NetworkType.Bridge)
        {
            await FurnishAsync(network);
        }
    }

    /// <summary>Also pairs of interfaces that somebody was killed over: they are in the group from the start.</summary>
    public async Task LowerNetworkAsync(Network network)
    {
        if (network.Type != NetworkType.Custom)
        {
            foreach (var name in await host.ListAsync(GroupOf(network)))
            {
                await host.DestroyAsync(name);
            }
        }
    }

    public Task RaiseStackAsync(StackSpec stack) => stack.Kind == NetworkDriver.Vnet ? stacks.MakeAsync(stack.Id) : Task.CompletedTask;

    public async Task LowerStackAsync(StackSpec stack)
    {
        if (stack.Kind == NetworkDriver.Vnet)
        {
            await stacks.RemoveAsync(stack.Id);
        }

        File.Delete(HostsOf(stack.Id));
    }

    public JailNetwork StackOf(StackSpec stack, IReadOnlyList<NetworkLink> links) => stack.Kind == NetworkDriver.Vnet
        ? new JailNetwork.Joined(StackJail.NameOf(stack.Id), HostsOf(stack.Id))
        : new JailNetwork.Addressed(AddressesOf(links), HostsOf(stack.Id));

    public async Task ConnectAsync(StackSpec stack, Endpoint endpoint, Network network)
    {
        if (stack.Kind != NetworkDriver.Vnet)
        {
            foreach (var address in AddressesOf(endpoint))
            {
                await host.AddAddressAsync(network.Interface, address, Bits(address));
            }

            return;
        }

        // One that was killed may have left it.
        await DestroyPairAsync(endpoint);
        var outer = await host.CreatePairAsync(GroupOf(network), InterfaceGroup.OfEndpoint(endpoint.Id));
        var inner = $"{outer[..^1]}b";
        var (jail, inside) = (StackJail.NameOf(stack.Id), new Ifconfig(processes, StackJail.NameOf(stack.Id)));
        await host.AddMemberAsync(network.Interface, outer);
        await host.SetUpAsync(outer);
        await host.MoveAsync(inner, jail);
        foreach (var address in AddressesOf(endpoint))
        {
            await inside.AddAddressAsync(inner, address, SubnetOf(network, address).PrefixLength);
        }
    }

    public async Task DisconnectAsync(StackSpec stack, Endpoint endpoint, Network network)
    {
        if (stack.Kind == NetworkDriver.Vnet)
        {
            await DestroyPairAsync(endpoint);
            return;
        }

        foreach (var address in AddressesOf(endpoint))
        {
            await host.RemoveAddressAsync(network.Interface, address);
        }
    }

    public async Task RouteOutAsync(StackSpec stack, IReadOnlyList<NetworkLink> links, bool isUsed)
    {
        if (stack.Kind != NetworkDriver.Vnet)
        {
            // The host's own routes lead out.
            if (isUsed)
            {
                await stacks.ReaddressAsync(stack.Id, AddressesOf(links));
            }

            return;
        }

        var gateways = links.Where(link => !link.Network.IsInternal).SelectMany(link => GatewaysOf(link.Network)).ToLookup(gateway => gateway.AddressFamily);
        foreach (var family in gateways)
        {
            await stacks.RouteAsync(stack.Id, family.First());
        }
    }

    public void WriteHosts(SnapshotId id, string text) => HostsFile.Write(HostsOf(id), text);

    public async Task ApplyAsync(FirewallIntent intent, CancellationToken cancellationToken)
    {
        var needsExits = intent.Networks.Any(network => network is { HasNat: true, IsInternal: false, NatInterface: "" });
        var exits = needsExits ? RoutingTable.Exits((await LookAsync(cancellationToken)).Routes) : default;
        await anchor.ApplyAsync(PfRuleset.Write(intent, exits), cancellationToken);
    }

    /// <summary>The kernel keeps an anchor until somebody empties that one by its name: a new pf.conf and <c>pfctl -F all</c> leave it. So nobody is asked.</summary>
    public bool HasRules() => true;

    /// <summary>What is before our anchor in pf.conf is the word of who wrote it.</summary>
    public string? Barrier() => null;

    public string? ListenerAt(PortPublication port) => Ports.ListenerAt(port);

    public int FreePort(PortPublication port) => Ports.FreePort(port);

    public string ResolverText(ImmutableArray<string> resolvers, bool isShared) => ResolverFile.Text(resolvers, isShared);

    private async Task FurnishAsync(Network network)
    {
        var gateways = GatewaysOf(network).ToList();
        foreach (var gateway in gateways)
        {
            await host.AddAddressAsync(network.Interface, gateway, SubnetOf(network, gateway).PrefixLength);
        }

        if (gateways.Count == 0)
        {
            // An address does it, too.
            await host.SetUpAsync(network.Interface);
        }

        await SwitchOnAsync(Forwarding, "the host cannot pass packets on");
        if (!network.AllowsNeighbours)
        {
            await SwitchOnAsync(MemberFilter, "neighbours on a bridge cannot be kept apart");
        }
    }

    /// <summary>It stays so: others may rely on it by then.</summary>
    private async Task SwitchOnAsync(string setting, string failure)
    {
        var result = await processes.RunAsync(CommandLine.Of(FreeBsdTools.Sysctl, $"{setting}=1") with { Timeout = FreeBsdTools.NetworkPatience }, ProcessOutput.Captured, CancellationToken.None);
        if (!result.Exit.Success)
        {
            throw new NetworkException($"{failure}: {result.Error.Trim()}; set '{setting}=1' in /etc/sysctl.conf and start the machine anew");
        }
    }

    private async Task DestroyPairAsync(Endpoint endpoint)
    {
        foreach (var name in await host.ListAsync(InterfaceGroup.OfEndpoint(endpoint.Id)))
        {
            await host.DestroyAsync(name);
        }
    }

    private static string GroupOf(Network network) => InterfaceGroup.OfNetwork(network.Id.ToString());

    private static ImmutableArray<IPAddress> AddressesOf(IReadOnlyList<NetworkLink> links) => [.. links.SelectMany(link => AddressesOf(link.Endpoint))];

    private static IEnumerable<IPAddress> AddressesOf(Endpoint endpoint) => new[] { endpoint.Address, endpoint.Address6 }.OfType<IPAddress>();

    private static IEnumerable<IPAddress> GatewaysOf(Network network) => new[] { network.Gateway, network.Gateway6 }.OfType<IPAddress>();

    /// <summary>An address has been given from a subnet, so there is one of its family.</summary>
    private static IPNetwork SubnetOf(Network network, IPAddress address) => (address.AddressFamily == AddressFamily.InterNetwork ? network.Subnet : network.Subnet6)!.Value;

    private static int Bits(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;

    private string HostsOf(SnapshotId id) => Path.Join(directory.Value, $"{id}.hosts");
}
