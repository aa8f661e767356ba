using System.Net;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks;

/// <summary>Gives containers their addresses, and remembers them. Works inside the caller's transaction.</summary>
internal sealed class EndpointBook(NetworkStore networks)
{
    /// <exception cref="NetworkException">The address is not to be had, or it is connected already.</exception>
    public Endpoint Add(SnapshotId owner, Network network, EndpointRequest request, int position)
    {
        var others = networks.EndpointsIn(network.Id);
        if (others.Any(endpoint => endpoint.Owner == owner))
        {
            throw new NetworkException($"container already connected to the network '{network.Name}'");
        }

        if (network.IsAutomatic && request.Address.Length > 0)
        {
            throw new NetworkException($"the subnet of the network '{network.Name}' was not chosen by you and may change; for an address of your own make one with 'kleene network create --subnet …'");
        }

        foreach (var alias in request.Aliases.Where(alias => !NetworkStore.IsHostName(alias)))
        {
            throw new NetworkException($"'{alias}' cannot be a container's name on a network; use letters, digits and . _ -, a letter or digit first");
        }

        var endpoint = new Endpoint
        {
            Id = SnapshotId.New(),
            NetworkId = network.Id,
            Owner = owner,
            Address = Address(network.Subnet, network.Gateway, request.Address, others.Select(other => other.Address), "IPv4"),
            Address6 = Address(network.Subnet6, network.Gateway6, request.Address6, others.Select(other => other.Address6), "IPv6"),
            Aliases = request.Aliases,
        };
        networks.Add(endpoint, position);
        return endpoint;
    }

    private static IPAddress? Address(IPNetwork? subnet, IPAddress? gateway, string wish, IEnumerable<IPAddress?> others, string family)
    {
        if (subnet is not { } own)
        {
            return wish.Length == 0 ? null : throw new NetworkException($"cannot set ip address because there is no {family} subnet defined for this network");
        }

        var taken = others.OfType<IPAddress>().ToHashSet();
        var pool = new AddressPool(own, gateway);
        return wish.Length > 0 ? pool.Checked(wish, taken) : pool.Next(taken);
    }
}
