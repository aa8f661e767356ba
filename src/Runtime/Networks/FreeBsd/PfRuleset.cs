using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kleene.Build.Runtime.Networks.FreeBsd;

/// <summary>
/// Turns an intent into the text of one pf(4) anchor. Pure. All that it decides it decides for good (<c>quick</c>), so that it does not matter what
/// rules of the user follow; and its rules speak of our networks alone.
/// Rules have a direction only where packets of one connection meet them in one: between members of a bridge an answer comes in by another
/// interface than the question went out.
/// </summary>
internal static class PfRuleset
{
    /// <summary>Marks what came to a published port by an address of the host.</summary>
    private const string Tag = "kleene";

    /// <param name="intent">What the anchor is to hold; nothing: no rule.</param>
    /// <param name="exits">Where addresses are translated, if a network does not say where.</param>
    public static string Write(FirewallIntent intent, HostExits exits)
    {
        var text = new StringBuilder();
        foreach (var rule in Rules(intent, exits))
        {
            text.Append(rule).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>In the order that pf.conf(5) wants: translation, then filtering. Of the latter, the first that matches holds.</summary>
    private static IEnumerable<string> Rules(FirewallIntent intent, HostExits exits)
    {
        var sides = intent.Networks.SelectMany(Side.Of).ToList();
        return
        [
            .. intent.Ports.SelectMany(port => sides.SelectMany(side => Returns(port, side))),
            .. sides.SelectMany(side => Disguise(side, exits)),

            // '(self)' has the addresses of containers, too, who may listen at such a port themselves.
            .. sides.Where(_ => !intent.Ports.IsEmpty).Select(side => $"no rdr {side.Family} from any to {side.Ours}"),
            .. intent.Ports.SelectMany(Leads),
            .. sides.SelectMany(Neighbours),
            .. intent.Ports.SelectMany(Published),
            .. sides.Where(side => !side.Network.IsInternal).Select(side => $"block log quick {side.Family} from any to {side.Ours}"),
            .. sides.Where(side => !side.Network.IsInternal).SelectMany(Out),
        ];
    }

    /// <summary>
    /// Not of an internal network: what leaves by an interface is translated before it is filtered, and the rule that is to stop it
    /// would not know it any more.
    /// </summary>
    private static IEnumerable<string> Disguise(Side side, HostExits exits)
    {
        var way = side.Network.NatInterface.Length > 0 ? side.Network.NatInterface : side.IsInet6 ? exits.Inet6 : exits.Inet;
        if (side.Network is { HasNat: true, IsInternal: false } && way.Length > 0)
        {
            // ':0' leaves link-local addresses out, by which nobody could answer.
            yield return $"nat on {way} {side.Family} from {side.Ours} to any -> ({way}{(side.IsInet6 ? ":0" : "")})";
        }
    }

    /// <summary>
    /// Who asks a neighbour by the host's address gets his answer by way of the host, because to the neighbour it is the host who asks. Otherwise the answer would come
    /// straight from port to port, and as of somebody who was not asked.
    /// </summary>
    private static IEnumerable<string> Returns(PortIntent intent, Side side) =>
        from target in Targets(intent)
        where side.Gateway is not null && side.Network is { IsInternal: false, IsForeign: false } && side.Subnet.Contains(target.Address)
        let port = intent.Port
        select $"nat on {InterfaceGroup.OfNetwork(side.Network.Id)} {side.Family} proto {Protocol(port)} from {side.Subnet} to {target.Address} port {Range(port.ContainerPort, port.Count)} tagged {Tag} -> {side.Gateway}";

    private static IEnumerable<string> Leads(PortIntent intent) =>
        from target in Targets(intent)
        let port = intent.Port
        let behind = port.HostInterface.Length > 0 ? $"on {port.HostInterface} " : ""
        let local = port.HostAddress.Length > 0 ? port.HostAddress : port.HostInterface.Length > 0 ? $"({port.HostInterface})" : "(self)"
        // 'N:*' keeps the distance in a range; of a single port it would make a range up to the last.
        let first = port.ContainerPort.ToString(CultureInfo.InvariantCulture) + (port.Count > 1 ? ":*" : "")
        select $"rdr {behind}{target.Family} proto {Protocol(port)} from any to {local} port {Range(port.HostPort, port.Count)} tag {Tag} -> {target.Address} port {first}";

    /// <summary>One that is not published to all cannot be reached around the address or interface that it is published on.</summary>
    private static IEnumerable<string> Published(PortIntent intent) =>
        from target in Targets(intent)
        let port = intent.Port
        select $"pass quick {target.Family} proto {Protocol(port)} from any to {target.Address} port {Range(port.ContainerPort, port.Count)}{(port.IsRestricted ? $" tagged {Tag}" : "")}";

    /// <summary>What a network's containers may do with each other, with themselves and with the host; of an internal one that is all.</summary>
    private static IEnumerable<string> Neighbours(Side side)
    {
        var network = side.Network;
        if (side.IsInet6)
        {
            // Neighbour discovery: without it there is nobody on a bridge to reach (RFC 4861: 135 asks, 136 answers).
            yield return $"pass quick on {side.Near} inet6 proto icmp6 all icmp6-type {{ 135 136 }}";
        }

        if (network is { IsInternal: true, IsForeign: false } && side.Gateway is { } host)
        {
            yield return $"block in log quick on {side.Near} {side.Family} from {side.Ours} to {host}";
        }

        if (network.AllowsNeighbours)
        {
            yield return $"pass quick on {side.Near} {side.Family} from {side.Ours} to {side.Subnet}";
            if (network.IsForeign)
            {
                yield return $"pass quick on {side.Near} {side.Family} from {side.Subnet} to {side.Ours}";
            }
        }
        else
        {
            if (side.Gateway is { } gateway && !network.IsForeign)
            {
                yield return $"pass out quick on {side.Near} {side.Family} from {gateway} to {side.Ours}";
                if (!network.IsInternal)
                {
                    yield return $"pass in quick on {side.Near} {side.Family} from {side.Ours} to {gateway}";
                }
            }

            // What 127.0.0.1 is to a container that shares the host's stack, and by what address the host comes to it.
            foreach (var own in side.Addresses)
            {
                yield return $"pass quick on lo0 {side.Family} from {own} to {own}";
            }
        }

        if (network.IsInternal)
        {
            yield return $"block log quick {side.Family} from {side.Ours} to any";
            yield return $"block log quick {side.Family} from any to {side.Ours}";
        }
    }

    /// <summary>Where other networks are has been decided by then. Without these rules answers would have no state to come back by.</summary>
    private static IEnumerable<string> Out(Side side) =>
    [
        $"pass in quick on {side.Near} {side.Family} from {side.Ours} to any",
        $"pass out quick {side.Family} from {side.Ours} to any",
    ];

    private static IEnumerable<(string Family, IPAddress Address)> Targets(PortIntent intent)
    {
        var family = intent.Port.HostAddress.Length == 0 ? (AddressFamily?)null : IPAddress.Parse(intent.Port.HostAddress).AddressFamily;
        if (intent.Address is { } address && family is null or AddressFamily.InterNetwork)
        {
            yield return ("inet", address);
        }

        if (intent.Address6 is { } address6 && family is null or AddressFamily.InterNetworkV6)
        {
            yield return ("inet6", address6);
        }
    }

    private static string Protocol(PortPublication port) => port.Protocol == PortProtocol.Tcp ? "tcp" : "udp";

    private static string Range(int first, int count) =>
        count == 1 ? first.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{first}:{first + count - 1}");

    /// <summary>A network as one family of addresses sees it.</summary>
    private sealed record Side(NetworkIntent Network, IPNetwork Subnet, IPAddress? Gateway)
    {
        public bool IsInet6 => Subnet.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6;

        public string Family => IsInet6 ? "inet6" : "inet";

        /// <summary>What its containers are behind. Those that share the host's stack talk to it and to each other by lo0.</summary>
        public string Near => Network.IsForeign
            ? $"{{ {Network.Interface} {InterfaceGroup.OfNetwork(Network.Id)} lo0 }}"
            : $"{{ {InterfaceGroup.OfNetwork(Network.Id)} lo0 }}";

        public IEnumerable<IPAddress> Addresses => Network.Addresses.Where(address => address.AddressFamily == Subnet.BaseAddress.AddressFamily);

        /// <summary>Who in the subnet is ours to decide for: behind somebody else's interface the containers alone, and neither the host nor its neighbours.</summary>
        public string Ours => !Network.IsForeign ? Subnet.ToString() : $"{{ {string.Join(' ', Addresses)} }}";

        public static IEnumerable<Side> Of(NetworkIntent network)
        {
            Side?[] sides =
            [
                network.Subnet is { } subnet ? new Side(network, subnet, network.Gateway) : null,
                network.Subnet6 is { } subnet6 ? new Side(network, subnet6, network.Gateway6) : null,
            ];
            return sides.OfType<Side>().Where(side => !network.IsForeign || side.Addresses.Any());
        }
    }
}
