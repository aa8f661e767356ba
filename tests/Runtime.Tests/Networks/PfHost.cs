using System.Net;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>
/// The ways of packets through a FreeBSD host with bridges, and where pf sees them (if_bridge(4); if_bridge.c, bridge_pfil): between two ports of a bridge on the port, the bridge, the
/// bridge and the port, as the two settings say; of what is for the host or from it on the bridge alone; of what the host sends to itself on lo0, twice.
/// </summary>
/// <param name="filtersMembers"><c>net.link.bridge.pfil_member</c></param>
/// <param name="filtersBridge"><c>net.link.bridge.pfil_bridge</c></param>
internal sealed class PfHost(bool filtersMembers, bool filtersBridge)
{
    public const string Address = "203.0.113.1";
    public const string OutsideAddress = "203.0.113.2";
    private const string World = "ext0";
    private const string Loopback = "lo0";

    private readonly Dictionary<string, Place> places = new(StringComparer.Ordinal) { ["o1"] = new Place(OutsideAddress, World, "", ""), ["host"] = new Place(Address, "", "", "") };
    private readonly Dictionary<string, string> groups = new(StringComparer.Ordinal);
    private readonly HashSet<string> own = [Address, "127.0.0.1"];
    private PfModel pf = new("", new Dictionary<string, string>(), [], Address);

    /// <summary>A container with a stack of its own.</summary>
    public PfHost Vnet(string name, string address, string bridge, string member, string gateway, string group)
    {
        places.Add(name, new Place(address, bridge, member, gateway));
        own.Add(gateway);
        (groups[bridge], groups[member]) = (group, group);
        return this;
    }

    /// <summary>A container that has an address of the host's.</summary>
    public PfHost Ipnet(string name, string address)
    {
        places.Add(name, new Place(address, "", "", ""));
        own.Add(address);
        return this;
    }

    public PfHost Filter(string rules)
    {
        pf = new PfModel(rules, groups, own, Address);
        return this;
    }

    /// <summary>Who answers at a port, if somebody does and his answer comes back as of whom was asked; null otherwise. Everybody listens at every port.</summary>
    /// <param name="port">0: it is a ping.</param>
    public string? Ask(string from, string target, int port)
    {
        var asker = places[from];
        var source = from == "host" ? SourceTo(target) : asker.Address;
        var question = port == 0 ? new PfPacket("icmp", source, 7, target, 7, IsFirst: true) : new PfPacket("tcp", source, 40000, target, port, IsFirst: true);
        if (Deliver(from, question) is not { } asked)
        {
            return null;
        }

        // To an address of its own the host speaks from that address, whosever it is besides.
        return Deliver(asked.Name, asked.Packet.Answer()) is { } answered && (answered.Name == from || (from == "host" && own.Contains(source)))
            && answered.Packet is var answer && (answer.Source, answer.SourcePort, answer.Target, answer.TargetPort) == (question.Target, question.TargetPort, question.Source, question.SourcePort)
            ? asked.Name
            : null;
    }

    /// <summary>What the kernel takes for a source: to an address of its own that address, else that of the interface it goes out by.</summary>
    private string SourceTo(string target) =>
        own.Contains(target) ? target : places.Values.FirstOrDefault(place => place.Address == target && place.Gateway.Length > 0)?.Gateway ?? Address;

    private (string Name, PfPacket Packet)? Deliver(string from, PfPacket packet)
    {
        var place = places[from];
        if (place.Member.Length > 0)
        {
            if (Neighbour(place, packet.Target) is { } near)
            {
                var between = Through(packet, filtersMembers ? place.Member : null, filtersBridge ? place.Device : null, filtersBridge ? place.Device : null, filtersMembers ? places[near].Member : null);
                return between is null ? null : (near, between);
            }

            return pf.Pass(place.Device, isIn: true, packet) is { } came ? Route(came) : null;
        }

        if (from == "o1")
        {
            // It knows no way to the containers.
            return packet.Target == Address && pf.Pass(World, isIn: true, packet) is { } came ? Route(came) : null;
        }

        return own.Contains(packet.Target)
            ? pf.Pass(Loopback, isIn: false, packet) is { } left && pf.Pass(Loopback, isIn: true, left) is { } back ? Route(back) : null
            : Route(packet);
    }

    /// <summary>What the host does with a packet that it has: it is for itself, for a container or for the world.</summary>
    private (string Name, PfPacket Packet)? Route(PfPacket packet)
    {
        var (name, place) = places.FirstOrDefault(entry => entry.Value.Address == packet.Target);
        if (own.Contains(packet.Target))
        {
            return (name ?? "host", packet);
        }

        return name is not null && pf.Pass(place.Device, isIn: false, packet) is { } passed ? (name, passed) : null;
    }

    private string? Neighbour(Place place, string target) =>
        places.FirstOrDefault(other => other.Value.Member.Length > 0 && other.Value.Device == place.Device && other.Value.Address == target).Key;

    /// <summary>In by two interfaces and out by two; null: pf does not look there.</summary>
    private PfPacket? Through(PfPacket packet, params ReadOnlySpan<string?> devices)
    {
        PfPacket? passed = packet;
        for (var i = 0; i < devices.Length && passed is not null; i++)
        {
            passed = devices[i] is { } device ? pf.Pass(device, isIn: i < 2, passed) : passed;
        }

        return passed;
    }

    private sealed record Place(string Address, string Device, string Member, string Gateway);
}
