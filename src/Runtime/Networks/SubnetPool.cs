using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks;

/// <summary>A way that the host already knows.</summary>
/// <param name="Destination">Where to.</param>
/// <param name="Interface">Through which interface.</param>
public sealed record HostRoute(IPNetwork Destination, string Interface)
{
    public override string ToString() => $"{Destination} dev {Interface}";
}

/// <summary>Chooses subnets that the host has no route to, and that none of our other networks has. Pure.</summary>
internal sealed class SubnetPool(IReadOnlyCollection<HostRoute> routes, IReadOnlyCollection<Network> networks)
{
    // 10.80.0.0/13: little used by others. Docker's automatic subnets begin at 172.17.0.0/16, podman's at 10.88.0.0/16.
    private const uint DefaultBase = (10u << 24) | (80u << 16);
    private const int DefaultPrefix = 20;
    private const uint OthersBase = (10u << 24) | (84u << 16);
    private const int OthersPrefix = 24;
    private const int Bits = 18;

    /// <summary>A free subnet of IPv4: room for 4000 containers on the default network, for 250 on others.</summary>
    /// <param name="isDefault">Whether it is for the default network.</param>
    /// <param name="seed">Where to begin: stores that share a host should not all want the same.</param>
    /// <exception cref="NetworkException">There is none.</exception>
    public IPNetwork Choose(bool isDefault, uint seed)
    {
        var (start, prefix) = isDefault ? (DefaultBase, DefaultPrefix) : (OthersBase, OthersPrefix);
        var count = 1u << (prefix - (32 - Bits));
        for (var i = 0u; i < count; i++)
        {
            var number = start + ((seed + i) % count << (32 - prefix));
            var subnet = new IPNetwork(new IPAddress([(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number]), prefix);
            if (Conflict(subnet) is null)
            {
                return subnet;
            }
        }

        throw new NetworkException("all subnets that a network can be given by itself are taken; choose one with --subnet");
    }

    /// <summary>A subnet of IPv6 that nobody else has: forty random bits (RFC 4193), those of the network's id.</summary>
    public static IPNetwork Local(SnapshotId id)
    {
        var bytes = new byte[16];
        bytes[0] = 0xfd;
        Convert.FromHexString(id.ToString()[..10]).CopyTo(bytes, 1);
        return new IPNetwork(new IPAddress(bytes), 64);
    }

    /// <summary>Who has the subnet, or part of it, or it in whole; null when nobody has.</summary>
    public string? Conflict(IPNetwork subnet) =>
        networks.FirstOrDefault(network => Overlap(network.Subnet, subnet) || Overlap(network.Subnet6, subnet)) is { } network
            ? $"the network '{network.Name}'"
            : RouteTo(subnet) is { } route ? $"the host's route {route}" : null;

    /// <summary>The host's route that leads there; null when there is none. A default route leads to what nobody has.</summary>
    public HostRoute? RouteTo(IPNetwork subnet) => routes.FirstOrDefault(route => route.Destination.PrefixLength > 0 && Overlap(route.Destination, subnet));

    /// <summary>A number from a text, the same in every process.</summary>
    public static uint Seed(string text) => uint.Parse(Sha256Hasher.Hash(Encoding.UTF8.GetBytes(text)).Hex[..8], NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static bool Overlap(IPNetwork? left, IPNetwork right) =>
        left is { } network && network.BaseAddress.AddressFamily == right.BaseAddress.AddressFamily
        && (network.Contains(right.BaseAddress) || right.Contains(network.BaseAddress));
}
