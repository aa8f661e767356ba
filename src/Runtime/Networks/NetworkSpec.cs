using System.Net;
using System.Net.Sockets;

namespace Kleene.Build.Runtime.Networks;

/// <summary>A network as it is asked for.</summary>
public sealed record NetworkSpec
{
    /// <summary>What a gateway is called that is to be the first address of its subnet.</summary>
    public const string AutomaticGateway = "auto";

    /// <summary>What a gateway is called that there shall not be.</summary>
    public const string NoGateway = "none";

    /// <summary>Letters, digits and <c>. _ -</c>, a letter or digit first.</summary>
    public required string Name { get; init; }

    public NetworkType Type { get; init; } = NetworkType.Loopback;

    /// <summary>The host's name for it, at most 15 characters; made from the network's id when empty.</summary>
    public string Interface { get; init; } = "";

    /// <summary>Of IPv4. When neither subnet is given, free ones of both families are chosen.</summary>
    public IPNetwork? Subnet { get; init; }

    /// <summary>Of IPv6.</summary>
    public IPNetwork? Subnet6 { get; init; }

    /// <summary>An address of the subnet, <see cref="AutomaticGateway"/> or <see cref="NoGateway"/>.</summary>
    public string Gateway { get; init; } = AutomaticGateway;

    public string Gateway6 { get; init; } = AutomaticGateway;

    /// <summary>Whether what leaves the host bears the host's address.</summary>
    public bool HasNat { get; init; } = true;

    /// <summary>The only interface on which it does; all when empty.</summary>
    public string NatInterface { get; init; } = "";

    /// <summary>Whether its containers reach each other (inter-container communication).</summary>
    public bool AllowsNeighbours { get; init; } = true;

    /// <summary>Whether nothing leads in or out.</summary>
    public bool IsInternal { get; init; }

    /// <summary>Reads a subnet. Bits behind the prefix do not matter; an address alone is a subnet of one.</summary>
    /// <exception cref="KleeneException">It is none of that family. The words are those of Kleene.</exception>
    public static IPNetwork ParseSubnet(string text, AddressFamily family, string what)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? text : text[..slash], out var address) || !IsCanonical(address, slash < 0 ? text : text[..slash]))
        {
            throw new KleeneException($"invalid {what}: could not parse cidr block: \"{text}\"; write it as 10.1.2.0/24 or fd00::/64");
        }

        var bits = address.GetAddressBytes().Length * 8;
        var prefix = bits;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out prefix) || prefix > bits))
        {
            throw new KleeneException($"invalid {what}: could not parse cidr block: \"{text}\"; write it as 10.1.2.0/24 or fd00::/64");
        }

        return address.AddressFamily == family
            ? new IPNetwork(Masked(address, prefix), prefix)
            : throw new KleeneException($"invalid {what}: wrong IP protocol: \"{text}\"");
    }

    /// <summary>The framework also takes the short forms of inet_aton(3), such as <c>10.1</c>, and scopes.</summary>
    internal static bool IsCanonical(IPAddress address, string text) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? !text.Contains('%', StringComparison.Ordinal) && !text.Contains('[', StringComparison.Ordinal) : address.ToString() == text;

    /// <summary>The subnet that an address is in.</summary>
    internal static IPNetwork SubnetOf(IPAddress address, int prefix) => new(Masked(address, prefix), prefix);

    private static IPAddress Masked(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var kept = Math.Clamp(prefix - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xff << (8 - kept));
        }

        return new IPAddress(bytes);
    }
}

/// <summary>Kleene's kinds of networks. Who reaches whom is the same on all of them.</summary>
public enum NetworkType
{
    /// <summary>Containers are neighbours by way of the host: on FreeBSD on a loopback interface, on Linux by its routes.</summary>
    Loopback,

    /// <summary>Containers are ports of a bridge, on which broadcasts reach all.</summary>
    Bridge,

    /// <summary>Ports of a bridge that somebody else made and configures.</summary>
    Custom,
}
