using System.Text;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks;

/// <summary>What follows from the records for those who run now: who may reach whom, and who is called what.</summary>
internal sealed class NetworkPicture(NetworkStore networks, StackStore stacks)
{
    /// <summary>What the packet filter is to hold.</summary>
    public FirewallIntent Intent()
    {
        var up = stacks.NetworksUp();
        return new FirewallIntent(
            [.. networks.List().Where(network => up.Contains(network.Id)).OrderBy(network => network.Id.ToString(), StringComparer.Ordinal).Select(IntentOf)],
            [.. stacks.Ports().Select(published => IntentOf(published.Stack, published.Port))]);
    }

    /// <summary>The networks of a container, with its endpoints, in their order.</summary>
    public IReadOnlyList<(Endpoint Endpoint, Network Network)> LinksOf(SnapshotId owner) =>
        [.. from endpoint in networks.EndpointsOf(owner) let network = networks.TryGet(endpoint.NetworkId) where network is not null select (endpoint, network)];

    /// <summary>A hosts file: the container's own names, and those of its neighbours on all its networks. Null when it is not up.</summary>
    public string? HostsOf(SnapshotId owner)
    {
        if (stacks.HostsOf(owner) is not { } own)
        {
            return null;
        }

        var lines = new StringBuilder(own.Hosts);
        var links = LinksOf(owner);
        var addresses = links.SelectMany(link => new[] { link.Endpoint.Address, link.Endpoint.Address6 }).Where(address => address is not null).ToList();
        foreach (var address in addresses.Count > 0 ? addresses.Select(address => address!.ToString()) : ["127.0.1.1"])
        {
            lines.Append(address).Append('\t').Append(own.Hostname).Append('\n');
        }

        foreach (var (_, network) in links)
        {
            foreach (var (id, at, names) in stacks.NamesIn(network.Id))
            {
                var told = names.Where(name => NetworkStore.IsHostName(name) && (id != owner || name != own.Hostname)).Distinct(StringComparer.Ordinal).ToList();
                foreach (var address in at.Where(_ => told.Count > 0))
                {
                    lines.Append(address).Append('\t').AppendJoin(' ', told).Append('\n');
                }
            }
        }

        return lines.ToString();
    }

    private static NetworkIntent IntentOf(Network network) => new()
    {
        Id = network.Id.ToString(),
        Interface = network.Interface,
        IsForeign = network.Type == NetworkType.Custom,
        Subnet = network.Subnet,
        Subnet6 = network.Subnet6,
        HasNat = network.HasNat,
        NatInterface = network.NatInterface,
        AllowsNeighbours = network.AllowsNeighbours,
        IsInternal = network.IsInternal,
    };

    /// <summary>A port leads to the first address of each family from which a way leads out, because that is where answers go.</summary>
    private PortIntent IntentOf(SnapshotId owner, PortPublication port)
    {
        var open = LinksOf(owner).Where(link => !link.Network.IsInternal).Select(link => link.Endpoint).ToList();
        return new PortIntent(
            port,
            open.Select(endpoint => endpoint.Address).FirstOrDefault(address => address is not null),
            open.Select(endpoint => endpoint.Address6).FirstOrDefault(address => address is not null));
    }
}
