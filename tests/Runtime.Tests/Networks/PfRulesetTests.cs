using System.Net;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Networks.FreeBsd;
using Kleene.Build.Testing.Approvals;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>
/// The rules of each intent that Kleene's own generator of pf rules is tested with, as ours has them. pfctl(8) of FreeBSD 13.2 was seen to take these forms,
/// each in an anchor: <c>nat on IF inet from NET to any -> (IF)</c>; <c>rdr [on IF] inet proto tcp from any to ADDRESS|(IF) port N|N:M -> ADDRESS port N|N:*</c>;
/// <c>pass [in|out] quick on { … } inet from NET to NET|ADDRESS|any</c>; <c>pass quick inet proto tcp from any to ADDRESS port N</c>; <c>block log … inet from any to NET</c>;
/// interfaces after <c>on</c> that do not exist; <c>{ ADDRESS ADDRESS }</c> as hosts. By pf.conf(5) alone stand: <c>no rdr</c>, <c>(self)</c>,
/// <c>tag</c> and <c>tagged</c>, groups of interfaces, <c>(IF:0)</c>, <c>icmp6-type</c>.
/// </summary>
public class PfRulesetTests
{
    private static readonly HostExits Exits = new("em0", "em0");

    private static readonly NetworkIntent First = new()
    {
        Id = "aaa111111111",
        Interface = "kbaaa111111111",
        Subnet = IPNetwork.Parse("10.13.37.0/24"),
        Subnet6 = IPNetwork.Parse("fd00::/64"),
        Gateway = IPAddress.Parse("10.13.37.1"),
        Gateway6 = IPAddress.Parse("fd00::1"),
        Addresses = [IPAddress.Parse("10.13.37.2"), IPAddress.Parse("10.13.37.3"), IPAddress.Parse("fd00::2"), IPAddress.Parse("fd00::3")],
        HasNat = true,
        AllowsNeighbours = true,
    };

    private static readonly NetworkIntent Second = First with
    {
        Id = "bbb222222222",
        Interface = "kbbbb222222222",
        Subnet = IPNetwork.Parse("10.2.0.0/24"),
        Subnet6 = null,
        Gateway = IPAddress.Parse("10.2.0.1"),
        Addresses = [IPAddress.Parse("10.2.0.2")],
        AllowsNeighbours = false,
        NatInterface = "em1",
    };

    public static TheoryData<string> Cases() => [.. All().Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_intent_becomes_the_approved_rules(string name) =>
        Approved.Matches(PfRuleset.Write(All()[name], Exits), Path.Join(TestData, $"{name}.approved.pf"));

    [Fact]
    public void Without_a_way_out_nothing_is_translated() =>
        Assert.DoesNotContain("nat ", PfRuleset.Write(new FirewallIntent([First], []), new HostExits("", "")), StringComparison.Ordinal);

    /// <summary>pfctl refuses a text whose translation comes after its filtering: "Rules must be in order".</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Translation_comes_before_filtering(string name)
    {
        var kinds = Rules(name).Select(rule => rule.StartsWith("pass ", StringComparison.Ordinal) || rule.StartsWith("block ", StringComparison.Ordinal)).ToList();

        Assert.Equal(kinds.Order(), kinds);
    }

    /// <summary>What follows in the user's file must not overrule it.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Whatever_is_filtered_is_decided_for_good(string name) =>
        Assert.All(Rules(name).Where(rule => rule.StartsWith("pass ", StringComparison.Ordinal) || rule.StartsWith("block ", StringComparison.Ordinal)), rule => Assert.Contains(" quick ", rule, StringComparison.Ordinal));

    private static string[] Rules(string name) => PfRuleset.Write(All()[name], Exits).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static Dictionary<string, FirewallIntent> All()
    {
        var cases = new Dictionary<string, FirewallIntent>
        {
            ["nothing"] = FirewallIntent.Nothing,
            ["foreign-interface"] = new([First with { Interface = "em2", IsForeign = true, NatInterface = "em1" }], [Port(new PortPublication { HostPort = 8080, ContainerPort = 80 })]),
            ["two-networks-and-ports"] = new(
                [First, Second],
                [
                    Port(new PortPublication { HostPort = 8080, ContainerPort = 80 }),
                    Port(new PortPublication { HostPort = 5000, ContainerPort = 4000, Count = 1001, Protocol = PortProtocol.Udp }),
                    Port(new PortPublication { HostPort = 7000, ContainerPort = 7000, Count = 2 }),
                    Port(new PortPublication { HostAddress = "127.0.0.1", HostPort = 81, ContainerPort = 80 }),
                    Port(new PortPublication { HostAddress = "::1", HostPort = 82, ContainerPort = 82 }),
                    Port(new PortPublication { HostInterface = "em1", HostPort = 83, ContainerPort = 80 }),
                    new PortIntent(new PortPublication { HostPort = 84, ContainerPort = 80 }, IPAddress.Parse("10.2.0.2"), null),
                ]),
        };
        foreach (var isInternal in new[] { false, true })
        {
            foreach (var allows in new[] { true, false })
            {
                foreach (var nat in new[] { true, false })
                {
                    var name = $"{(isInternal ? "internal" : "open")}-{(allows ? "icc" : "noicc")}-{(nat ? "nat" : "nonat")}";
                    cases.Add(name, new FirewallIntent([First with { IsInternal = isInternal, AllowsNeighbours = allows, HasNat = nat }], []));
                }
            }
        }

        return cases;
    }

    private static PortIntent Port(PortPublication port) => new(port, IPAddress.Parse("10.13.37.2"), IPAddress.Parse("fd00::2"));

    private static string TestData => Path.Join(SourceDirectory(), "testdata");

    private static string SourceDirectory([System.Runtime.CompilerServices.CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
