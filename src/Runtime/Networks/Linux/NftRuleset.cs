using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kleene.Build.Runtime.Networks.Linux;

/// <summary>
/// Turns an intent into the text of one nft(8) transaction that puts one table in the place of what it was. Pure. The table is ours alone,
/// and its rules speak of our networks alone: other packets pass it untouched.
/// </summary>
internal static class NftRuleset
{
    private const string Refusal = "reject with icmpx admin-prohibited";

    private static readonly string[] Directions = ["daddr", "saddr"];

    /// <param name="table">The name of the table, of the family inet.</param>
    /// <param name="intent">What it is to hold; nothing: no table is left.</param>
    /// <param name="comment">What the table says of itself.</param>
    public static string Write(string table, FirewallIntent intent, string comment)
    {
        // A table that is added before it is deleted can be deleted whether it was there or not.
        var text = new StringBuilder($"table inet {table}\ndelete table inet {table}\n");
        if (intent.IsNothing)
        {
            return text.ToString();
        }

        text.Append($"table inet {table} {{\n").Append($"\tcomment \"{comment}\"\n");
        Chain(text, "guard", "type filter hook prerouting priority raw; policy accept;", Guard(intent));
        Chain(text, "published", null, intent.Ports.SelectMany(Leads));
        Chain(text, "prerouting", "type nat hook prerouting priority dstnat; policy accept;", ["fib daddr type local jump published"]);
        Chain(text, "output", "type nat hook output priority -100; policy accept;", ["fib daddr type local jump published"]);
        Chain(text, "postrouting", "type nat hook postrouting priority srcnat; policy accept;", intent.Networks.SelectMany(Disguise));
        Chain(text, "input", "type filter hook input priority filter; policy accept;", intent.Networks.Where(network => network.IsInternal).Select(network => $"{From(network)} ct state new {Refusal}"));
        Chain(text, "forward", "type filter hook forward priority filter; policy accept;", Forward(intent));
        return text.Append("}\n").ToString();
    }

    /// <summary>The host's loopback can be reached from an interface with route_localnet, by who makes up such packets: never by ours.</summary>
    private static IEnumerable<string> Guard(FirewallIntent intent) =>
        from network in intent.Networks
        where network.Subnet is not null && !network.IsForeign
        from direction in Directions
        select $"{From(network)} ip {direction} 127.0.0.0/8 drop";

    private static IEnumerable<string> Forward(FirewallIntent intent)
    {
        foreach (var network in intent.Networks.Where(network => network.AllowsNeighbours))
        {
            yield return $"{From(network)} {To(network)} accept";
        }

        foreach (var network in intent.Networks.Where(network => network.IsInternal))
        {
            yield return $"{From(network)} {Refusal}";
            yield return $"{To(network)} {Refusal}";
        }

        yield return "ct state established,related accept";
        foreach (var port in intent.Ports)
        {
            // One that is not published to all must not be reached around the address that it is published on.
            var way = port.Port.IsRestricted ? "ct status dnat " : "";
            var ports = $"{Protocol(port.Port)} dport {Range(port.Port.ContainerPort, port.Port.Count)}";
            if (port.Address is { } address)
            {
                yield return $"{way}ip daddr {address} {ports} accept";
            }

            if (port.Address6 is { } address6)
            {
                yield return $"{way}ip6 daddr {address6} {ports} accept";
            }
        }

        foreach (var network in intent.Networks)
        {
            yield return $"{To(network)} {Refusal}";
        }
    }

    /// <summary>Source addresses: the host's for what leaves it; and for what comes back into the network it left, since the answer would not pass us.</summary>
    private static IEnumerable<string> Disguise(NetworkIntent network)
    {
        foreach (var (subnet, family, loopback) in new[] { (network.Subnet, "ip", "127.0.0.0/8"), (network.Subnet6, "ip6", "::1") })
        {
            if (subnet is not { } own)
            {
                continue;
            }

            if (network is { HasNat: true, IsInternal: false })
            {
                var way = network.NatInterface.Length > 0 ? $"oifname \"{network.NatInterface}\"" : Elsewhere(network);
                yield return $"{family} saddr {own} {way} masquerade";
            }

            yield return $"{To(network)} ct status dnat {family} saddr {{ {own}, {loopback} }} masquerade";
        }
    }

    private static IEnumerable<string> Leads(PortIntent intent)
    {
        var port = intent.Port;
        var which = port.HostInterface.Length > 0 ? $"iifname \"{port.HostInterface}\" " : "";
        var target = port.HostAddress.Length == 0 ? (AddressFamily?)null : IPAddress.Parse(port.HostAddress).AddressFamily;
        if (intent.Address is { } address && target is null or AddressFamily.InterNetwork)
        {
            var local = target is null ? "" : $"ip daddr {port.HostAddress} ";
            yield return $"{which}{local}meta nfproto ipv4 {Lead(port, "ip", address.ToString())}";
        }

        if (intent.Address6 is { } address6 && target is null or AddressFamily.InterNetworkV6)
        {
            var local = target is null ? "" : $"ip6 daddr {port.HostAddress} ";
            yield return $"{which}{local}meta nfproto ipv6 {Lead(port, "ip6", address6.ToString())}";
        }
    }

    private static string Lead(PortPublication port, string family, string address)
    {
        var ports = $"{Protocol(port)} dport {Range(port.HostPort, port.Count)}";
        var bracketed = family == "ip6" ? $"[{address}]" : address;
        if (port.HostPort == port.ContainerPort)
        {
            return $"{ports} dnat {family} to {address}";
        }

        if (port.Count == 1)
        {
            return $"{ports} dnat {family} to {bracketed}:{port.ContainerPort}";
        }

        // nat with a range of ports would choose any of them.
        var pairs = Enumerable.Range(0, port.Count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{port.HostPort + i} : {address} . {port.ContainerPort + i}"));
        return $"dnat {family} to {Protocol(port)} dport map {{ {string.Join(", ", pairs)} }}";
    }

    private static string From(NetworkIntent network) => IsGrouped(network) ? $"iifgroup {InterfaceGroup.Of(network.Id)}" : $"iifname \"{network.Interface}\"";

    private static string To(NetworkIntent network) => IsGrouped(network) ? $"oifgroup {InterfaceGroup.Of(network.Id)}" : $"oifname \"{network.Interface}\"";

    private static string Elsewhere(NetworkIntent network) => IsGrouped(network) ? $"oifgroup != {InterfaceGroup.Of(network.Id)}" : $"oifname != \"{network.Interface}\"";

    private static bool IsGrouped(NetworkIntent network) => !network.IsForeign;

    private static string Protocol(PortPublication port) => port.Protocol == PortProtocol.Tcp ? "tcp" : "udp";

    private static string Range(int first, int count) =>
        count == 1 ? first.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{first}-{first + count - 1}");

    private static void Chain(StringBuilder text, string name, string? hook, IEnumerable<string> rules)
    {
        text.Append($"\tchain {name} {{\n");
        if (hook is not null)
        {
            text.Append($"\t\t{hook}\n");
        }

        foreach (var rule in rules)
        {
            text.Append($"\t\t{rule}\n");
        }

        text.Append("\t}\n");
    }
}
