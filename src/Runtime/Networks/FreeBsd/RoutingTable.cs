using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Kleene.Build.Runtime.Networks.FreeBsd;

/// <summary>Reads the host's routes from what netstat(1) says, <c>netstat --libxo json -rn</c>.</summary>
internal static class RoutingTable
{
    private const string Loopback = "lo0";

    public static HostWays Parse(string output)
    {
        using var json = JsonDocument.Parse(output);
        var families = json.RootElement.GetProperty("statistics").GetProperty("route-information").GetProperty("route-table").GetProperty("rt-family").EnumerateArray()
            .Select(family => (IsInet6: family.GetProperty("address-family").GetString() == "Internet6", Entries: family.GetProperty("rt-entry")))
            .ToList();
        var routes = from family in families
                     from entry in family.Entries.EnumerateArray()
                     let name = entry.GetProperty("interface-name").GetString() ?? ""
                     let destination = Destination(entry.GetProperty("destination").GetString() ?? "", family.IsInet6)
                     where destination is not null && !IsOwnAddress(destination.Value, name)
                     select new HostRoute(destination.Value, name);
        return new HostWays([.. routes], families.Any(family => family.IsInet6 && family.Entries.GetArrayLength() > 0));
    }

    public static HostExits Exits(ImmutableArray<HostRoute> routes)
    {
        return new HostExits(Exit(IPAddress.Any), Exit(IPAddress.IPv6Any));

        string Exit(IPAddress all) => routes.FirstOrDefault(route => route.Destination.PrefixLength == 0 && route.Destination.BaseAddress.Equals(all))?.Interface ?? "";
    }

    /// <summary>To a host's own address leads lo0, whatever has the address; who else is near is told by the route of that interface.</summary>
    private static bool IsOwnAddress(IPNetwork destination, string name) => name == Loopback && destination.PrefixLength is 32 or 128 && !IPAddress.IsLoopback(destination.BaseAddress);

    /// <summary>A network, an address alone, or <c>default</c>. What is of one interface only has that behind a percent sign.</summary>
    private static IPNetwork? Destination(string text, bool isInet6)
    {
        if (text == "default")
        {
            return new IPNetwork(isInet6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        }

        var words = text.Split('/');
        if (!IPAddress.TryParse(words[0].Split('%')[0], out var address))
        {
            return null;
        }

        var bits = isInet6 ? 128 : 32;
        return words.Length == 1 ? new IPNetwork(address, bits)
            : int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var prefix) && prefix <= bits ? NetworkSpec.SubnetOf(address, prefix)
            : null;
    }
}
