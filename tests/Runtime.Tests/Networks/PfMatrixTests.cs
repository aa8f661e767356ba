using System.Net;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Networks.FreeBsd;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>
/// Who reaches whom by our rules. There is no pf here, so a model of it answers; and the model is tried first against what pf of FreeBSD 13.2 was seen to do with other rules
/// in each of the four settings of a bridge.
/// </summary>
public sealed class PfMatrixTests
{
    /// <summary>The rules that were tried: those of the main file, then its anchors.</summary>
    private const string SeenRules = """
        nat on ext0 inet from 10.1.0.0/24 to ! { 10.1.0.0/24 10.2.0.0/24 } -> (ext0)
        nat on ext0 inet from 10.2.0.0/24 to ! { 10.1.0.0/24 10.2.0.0/24 } -> (ext0)
        rdr inet proto tcp from any to 203.0.113.1 port 8080 -> 10.1.0.2 port 80
        block log from any to { 10.1.0.0/24 10.2.0.0/24 }
        block log from { 10.1.0.0/24 10.2.0.0/24 } to any
        pass quick on { kbrA epair0a epair1a } inet from 10.1.0.0/24 to 10.1.0.0/24
        pass in quick on { kbrA epair0a epair1a } inet from 10.1.0.0/24 to ! { 10.1.0.0/24 10.2.0.0/24 }
        pass in quick on { kbrB epair2a } inet from 10.2.0.0/24 to ! { 10.1.0.0/24 10.2.0.0/24 }
        pass quick on { kbrB epair2a } inet from any to 10.2.0.1
        pass quick inet proto tcp from any to 10.1.0.2 port 80
        """;

    public static TheoryData<bool, bool> Settings() => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    [Theory]
    [MemberData(nameof(Settings))]
    public void The_model_does_what_pf_was_seen_to_do(bool members, bool bridge)
    {
        // The last one varied, and just so: the answer has to meet the state of the question on its way.
        var seen = $"""
            a1 10.1.0.1:0 host
            a1 10.1.0.3:0 a2
            a1 10.2.0.2:0 -
            a1 203.0.113.2:0 o1
            a1 10.1.0.3:80 a2
            a2 10.1.0.2:80 a1
            a1 10.2.0.2:80 -
            a1 10.2.0.2:81 -
            b1 10.1.0.2:80 a1
            b1 10.1.0.2:81 -
            a1 203.0.113.2:80 o1
            b1 203.0.113.2:80 o1
            o1 203.0.113.1:8080 a1
            o1 10.1.0.2:80 -
            b1 203.0.113.1:8080 a1
            a1 10.1.0.1:8088 host
            o1 203.0.113.1:8088 host
            a2 203.0.113.1:8080 {(members != bridge ? "a1" : "-")}
            """;

        Assert.Equal(seen, Matrix(() => TwoBridges(members, bridge).Filter(SeenRules), seen));
    }

    /// <summary>A rule that lacked a direction's twin, an internal network of Kleene's whose nat was left in: seen, too.</summary>
    [Fact]
    public void The_model_fails_where_pf_was_seen_to_fail()
    {
        const string InternalWithNat = """
            nat on ext0 from 10.1.0.0/24 to any -> (ext0)
            block in log from any to 10.1.0.0/24
            pass quick on { kbrA lo0 epair0a epair1a } from 10.1.0.0/24 to 10.1.0.0/24
            block out quick log on { lo0 kbrA kbrB } from 10.1.0.0/24
            block out quick log on ext0 from 10.1.0.0/24
            """;
        const string OneWay = """
            block in log from any to { 10.1.0.0/24 10.2.0.0/24 }
            block in log from { 10.1.0.0/24 10.2.0.0/24 } to any
            pass in quick on { kbrA epair0a epair1a } from 10.1.0.0/24 to 10.1.0.0/24
            """;

        Assert.Equal("o1", TwoBridges(members: true, bridge: true).Filter(InternalWithNat).Ask("a1", PfHost.OutsideAddress, 80));
        Assert.Null(TwoBridges(members: true, bridge: true).Filter(InternalWithNat.Split('\n', 2)[1]).Ask("a1", PfHost.OutsideAddress, 80));
        Assert.Null(TwoBridges(members: true, bridge: false).Filter(OneWay).Ask("a1", "10.1.0.3", 80));
    }

    /// <summary>
    /// a and b are bridges of vnet containers, b's without icc; c is an internal one. d and e share the host's stack, e's without icc; f is internal. Published are 8080 of a1, 8081 of
    /// d1, 8082 of b1, 8083 of e1, and 8084 of d1 for the host's own loopback alone.
    /// </summary>
    [Theory]
    [MemberData(nameof(Settings))]
    public void Our_rules_let_reach_whom_the_contract_says(bool members, bool bridge)
    {
        // Between ports of one bridge pf decides only where it looks.
        var apart = members || bridge ? "-" : "b2";
        var expected = $"""
            a1 10.1.0.3:80 a2
            a1 10.1.0.1:80 host
            a1 203.0.113.1:80 host
            a1 203.0.113.2:80 o1
            a1 203.0.113.2:0 o1
            b1 10.2.0.3:81 {apart}
            b1 10.2.0.1:80 host
            b1 203.0.113.2:80 o1
            a1 10.2.0.2:81 -
            b1 10.1.0.2:81 -
            a1 10.3.0.2:80 -
            a1 10.4.0.2:81 -
            d1 10.1.0.2:81 -
            c1 10.3.0.3:80 c2
            c1 10.3.0.1:80 -
            c1 203.0.113.1:80 -
            c1 203.0.113.1:8080 -
            c1 10.1.0.2:80 -
            c1 203.0.113.2:80 -
            c1 203.0.113.2:0 -
            d1 10.4.0.3:81 d2
            d1 10.4.0.2:81 d1
            d1 203.0.113.2:80 o1
            d1 203.0.113.1:80 host
            e1 10.5.0.3:81 -
            e1 10.5.0.2:81 e1
            e1 203.0.113.2:80 o1
            d1 10.5.0.3:81 -
            f1 10.6.0.3:80 f2
            f1 203.0.113.1:80 -
            f1 203.0.113.1:8081 -
            f1 10.4.0.2:80 -
            f1 203.0.113.2:80 -
            host 10.1.0.2:81 a1
            host 10.2.0.2:81 b1
            host 10.3.0.2:81 c1
            host 10.4.0.2:81 d1
            host 10.5.0.2:81 e1
            o1 203.0.113.1:80 host
            o1 203.0.113.1:8080 a1
            o1 203.0.113.1:8081 d1
            o1 203.0.113.1:8082 b1
            o1 203.0.113.1:8083 e1
            o1 203.0.113.1:8084 host
            a2 203.0.113.1:8080 a1
            a2 10.1.0.2:80 a1
            b1 203.0.113.1:8080 a1
            b1 10.1.0.2:80 a1
            b2 203.0.113.1:8082 b1
            b2 10.2.0.2:80 b1
            a1 203.0.113.1:8081 d1
            a1 10.4.0.2:80 d1
            d2 203.0.113.1:8081 d1
            d1 203.0.113.1:8081 d1
            e2 203.0.113.1:8083 e1
            e2 10.5.0.2:80 e1
            d1 203.0.113.1:8083 e1
            d1 10.1.0.2:80 a1
            d1 203.0.113.1:8080 -
            host 203.0.113.1:8081 d1
            host 127.0.0.1:8081 d1
            host 127.0.0.1:8084 d1
            host 203.0.113.1:8084 host
            host 10.1.0.2:80 a1
            host 203.0.113.1:8080 -
            a1 10.4.0.2:82 -
            """;

        var rules = PfRuleset.Write(
            new FirewallIntent(
                [
                    Net("aaaaaaaaaaaa", 1), Net("bbbbbbbbbbbb", 2) with { AllowsNeighbours = false }, Net("cccccccccccc", 3) with { IsInternal = true },
                    Net("dddddddddddd", 4), Net("eeeeeeeeeeee", 5) with { AllowsNeighbours = false }, Net("ffffffffffff", 6) with { IsInternal = true },
                ],
                [Port(8080, "10.1.0.2"), Port(8081, "10.4.0.2"), Port(8082, "10.2.0.2"), Port(8083, "10.5.0.2"), Port(8084, "10.4.0.2", containerPort: 82, on: "127.0.0.1")]),
            new HostExits("ext0", ""));

        Assert.Equal(expected, Matrix(() => SixNetworks(members, bridge).Filter(rules), expected));
    }

    private static PfHost TwoBridges(bool members, bool bridge) => new PfHost(members, bridge)
        .Vnet("a1", "10.1.0.2", "kbrA", "epair0a", "10.1.0.1", "")
        .Vnet("a2", "10.1.0.3", "kbrA", "epair1a", "10.1.0.1", "")
        .Vnet("b1", "10.2.0.2", "kbrB", "epair2a", "10.2.0.1", "");

    private static PfHost SixNetworks(bool members, bool bridge)
    {
        var host = new PfHost(members, bridge);
        foreach (var (letter, number) in new[] { ('a', 1), ('b', 2), ('c', 3) })
        {
            foreach (var last in new[] { 1, 2 })
            {
                host.Vnet($"{letter}{last}", $"10.{number}.0.{last + 1}", $"kb{letter}", $"epair{(number * 2) + last}a", $"10.{number}.0.1", InterfaceGroup.OfNetwork(new string(letter, 12)));
            }
        }

        foreach (var (letter, number) in new[] { ('d', 4), ('e', 5), ('f', 6) })
        {
            host.Ipnet($"{letter}1", $"10.{number}.0.2").Ipnet($"{letter}2", $"10.{number}.0.3");
        }

        return host;
    }

    private static NetworkIntent Net(string id, int number) => new()
    {
        Id = id,
        Interface = $"kb{id}",
        Subnet = IPNetwork.Parse($"10.{number}.0.0/24"),
        Gateway = IPAddress.Parse($"10.{number}.0.1"),
        Addresses = [IPAddress.Parse($"10.{number}.0.2"), IPAddress.Parse($"10.{number}.0.3")],
        HasNat = true,
        AllowsNeighbours = true,
    };

    private static PortIntent Port(int hostPort, string address, int containerPort = 80, string on = "") =>
        new(new PortPublication { HostAddress = on, HostPort = hostPort, ContainerPort = containerPort }, IPAddress.Parse(address), null);

    /// <summary>The lines of what is expected, with what happens in the place of what was to.</summary>
    private static string Matrix(Func<PfHost> host, string expected) => string.Join('\n', expected.Split('\n').Select(line =>
    {
        var words = line.Split(' ', ':');

        // Each from the beginning: what a state lets through must not be what another question left.
        return $"{words[0]} {words[1]}:{words[2]} {host().Ask(words[0], words[1], int.Parse(words[2], System.Globalization.CultureInfo.InvariantCulture)) ?? "-"}";
    }));
}
