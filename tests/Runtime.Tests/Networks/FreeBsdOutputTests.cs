using Kleene.Build.Runtime.Networks.FreeBsd;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>What is read, in the words in which FreeBSD 13.2 was seen to say it.</summary>
public sealed class FreeBsdOutputTests
{
    private const string WithDefault =
        """{"statistics": {"route-information": {"route-table": {"rt-family": [{"address-family":"Internet", "rt-entry": [{"destination":"default","gateway":"10.0.2.2","flags":"UGS", "flags_pretty": ["up","gateway","static"],"weight":1,"interface-name":"vtnet0"}, {"destination":"10.0.2.0/24","gateway":"link#1","flags":"U", "flags_pretty": ["up"],"weight":1,"interface-name":"vtnet0"}, {"destination":"10.0.2.15","gateway":"link#1","flags":"UHS", "flags_pretty": ["up","host","static"],"weight":1,"interface-name":"lo0"}, {"destination":"127.0.0.1","gateway":"link#2","flags":"UH", "flags_pretty": ["up","host"],"weight":1,"interface-name":"lo0"}]}]}}}}""";

    private const string WithInet6 =
        """{"statistics": {"route-information": {"route-table": {"rt-family": [{"address-family":"Internet", "rt-entry": [{"destination":"127.0.0.1","gateway":"link#2","flags":"UH", "flags_pretty": ["up","host"],"weight":1,"interface-name":"lo0"}]}, {"address-family":"Internet6", "rt-entry": [{"destination":"::1","gateway":"link#2","flags":"UHS", "flags_pretty": ["up","host","static"],"weight":1,"interface-name":"lo0"}, {"destination":"fe80::%lo0/64","gateway":"link#2","flags":"U", "flags_pretty": ["up"],"weight":1,"interface-name":"lo0"}, {"destination":"fe80::1%lo0","gateway":"link#2","flags":"UHS", "flags_pretty": ["up","host","static"],"weight":1,"interface-name":"lo0"}]}]}}}}""";

    [Fact]
    public void Routes_are_those_to_others_and_the_default_one_tells_the_way_out()
    {
        var ways = RoutingTable.Parse(WithDefault);

        Assert.Equal(["0.0.0.0/0 dev vtnet0", "10.0.2.0/24 dev vtnet0", "127.0.0.1/32 dev lo0"], ways.Routes.Select(route => route.ToString()));
        Assert.False(ways.HasIpv6);
        Assert.Equal(new HostExits("vtnet0", ""), RoutingTable.Exits(ways.Routes));
    }

    [Fact]
    public void A_host_with_routes_of_inet6_speaks_it()
    {
        var ways = RoutingTable.Parse(WithInet6);

        Assert.Equal(["127.0.0.1/32 dev lo0", "::1/128 dev lo0", "fe80::/64 dev lo0"], ways.Routes.Select(route => route.ToString()));
        Assert.True(ways.HasIpv6);
        Assert.Equal(new HostExits("", ""), RoutingTable.Exits(ways.Routes));
    }

    [Theory]
    [InlineData("Status: Disabled                              Debug: Urgent\n\nState Table                          Total             Rate\n", false)]
    [InlineData("Status: Disabled for 0 days 00:00:00          Debug: Urgent\n", false)]
    [InlineData("Status: Enabled for 0 days 00:03:44           Debug: Urgent\n\nState Table                          Total             Rate\n", true)]
    public void Pf_says_first_whether_it_is_enabled(string info, bool isEnabled) => Assert.Equal(isEnabled, PfStatus.IsEnabled(info));

    [Fact]
    public void Rules_that_lead_to_ours_are_known_among_others()
    {
        const string Filtering = "block drop in log quick inet6 all\nblock drop in log from any to <kleene_nets>\nblock drop in log from <kleene_nets> to any\nanchor \"kleene/*\" all\n";
        const string Translation = "nat-anchor \"kleene/*\" all\nrdr-anchor \"kleene/*\" all\n";

        Assert.Empty(PfStatus.MissingCalls(Translation, Filtering));
        Assert.Equal(["anchor \"kleene/*\""], PfStatus.MissingCalls(Translation, ""));
        Assert.Equal(["nat-anchor \"kleene/*\"", "rdr-anchor \"kleene/*\""], PfStatus.MissingCalls("rdr on ext0 inet proto tcp from any to (ext0) port = http-alt -> 10.1.0.2 port 80\n", Filtering));
    }

    [Theory]
    [InlineData("vtnet0 lo0 pflog0 kbrA kbrB epair0a epair1a epair2a ext0\n", 9)]
    [InlineData("vtnet0\nlo0\npflog0\n", 3)]
    [InlineData("kbr77\n", 1)]
    [InlineData("", 0)]
    public void Names_of_interfaces_stand_in_one_line_or_in_one_each(string output, int count) => Assert.Equal(count, Ifconfig.ParseNames(output).Count);
}
