using System.Net;
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
        var all = networks.List().ToDictionary(network => network.Id);
        var ways = networks.EndpointsWithPorts().Where(endpoint => !all[endpoint.NetworkId].IsInternal).ToLookup(endpoint => endpoint.Owner);
        return new FirewallIntent(
            [.. all.Values.Where(network => up.Contains(network.Id)).OrderBy(network => network.Id.ToString(), StringComparer.Ordinal).Select(network => IntentOf(network, stacks.AddressesOn(network.Id)))],
            [.. stacks.Ports().Select(published => IntentOf(published.Port, ways[published.Stack]))]);
    }

    /// <summary>The networks of a container, with its endpoints, in their order.</summary>
    public IReadOnlyList<NetworkLink> LinksOf(SnapshotId owner) =>
        [.. from endpoint in networks.EndpointsOf(owner) let network = networks.TryGet(endpoint.NetworkId) where network is not null select new NetworkLink(endpoint, network)];

    /// <summary>A hosts file: the container's own name, and those of all on its networks. Null when it is not up.</summary>
    /// <param name="names">The lines of networks that are known already.</param>
    public string? HostsOf(SnapshotId owner, Dictionary<SnapshotId, string> names)
    {
        if (stacks.HostsOf(owner) is not { } own)
        {
            return null;
        }

        var lines = new StringBuilder(own.Hosts);
        var links = LinksOf(owner);
        var addresses = links.SelectMany(link => new[] { link.Endpoint.Address, link.Endpoint.Address6 }).OfType<IPAddress>().Select(address => address.ToString()).DefaultIfEmpty("127.0.1.1");
        foreach (var address in addresses.Where(_ => own.Hostname.Length > 0))
        {
            lines.Append(address).Append('\t').Append(own.Hostname).Append('\n');
        }

        foreach (var (_, network) in links)
        {
            if (!names.TryGetValue(network.Id, out var told))
            {
                names.Add(network.Id, told = NamesIn(network.Id));
            }

            lines.Append(told);
        }

        return lines.ToString();
    }

    private string NamesIn(SnapshotId network)
    {
        var lines = new StringBuilder();
        foreach (var (addresses, names) in stacks.NamesIn(network))
        {
            var told = names.Where(NetworkStore.IsHostName).Distinct(StringComparer.Ordinal).ToList();
            foreach (var address in addresses)
            {
                lines.Append(address).Append('\t').AppendJoin(' ', told).Append('\n');
            }
        }

        return lines.ToString();
    }

    private static NetworkIntent IntentOf(Network network, IEnumerable<IPAddress> addresses) => new()
    {
        Id = network.Id.ToString(),
        Interface = network.Interface,
        IsForeign = network.Type == NetworkType.Custom,
        Subnet = network.Subnet,
        Subnet6 = network.Subnet6,
        Gateway = network.Gateway,
        Gateway6 = network.Gateway6,
        Addresses = [.. addresses],
        HasNat = network.HasNat,
        NatInterface = network.NatInterface,
        AllowsNeighbours = network.AllowsNeighbours,
        IsInternal = network.IsInternal,
    };

    /// <summary>A port leads to the first address of each family from which a way leads out, because that is where answers go.</summary>
    private static PortIntent IntentOf(PortPublication port, IEnumerable<Endpoint> ways) => new(
        port,
        ways.Select(endpoint => endpoint.Address).FirstOrDefault(address => address is not null),
        ways.Select(endpoint => endpoint.Address6).FirstOrDefault(address => address is not null));
}
