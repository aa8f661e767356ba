using System.Net;
using System.Net.Sockets;
using Kleene.Build.Runtime.Networks;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Networks;

public class AddressPoolTests
{
    [Theory]
    [InlineData("10.0.0.0/24", "10.0.0.1", "", "10.0.0.2")]
    [InlineData("10.0.0.0/24", null, "", "10.0.0.1")]
    [InlineData("10.0.0.0/24", "10.0.0.1", "10.0.0.2 10.0.0.4", "10.0.0.3")]
    [InlineData("10.0.0.0/24", "10.0.0.2", "10.0.0.1", "10.0.0.3")]
    [InlineData("10.0.0.8/30", "10.0.0.9", "", "10.0.0.10")]
    [InlineData("10.0.0.8/30", "10.0.0.9", "10.0.0.10", null)]
    [InlineData("10.0.0.8/31", null, "", "10.0.0.8")]
    [InlineData("10.0.0.8/31", "10.0.0.8", "", "10.0.0.9")]
    [InlineData("10.0.0.8/32", null, "", "10.0.0.8")]
    [InlineData("10.0.0.8/32", null, "10.0.0.8", null)]
    [InlineData("255.255.255.0/24", "255.255.255.1", "", "255.255.255.2")]
    [InlineData("fd00::/64", "fd00::1", "", "fd00::2")]
    [InlineData("fd00::/126", "fd00::1", "fd00::2", "fd00::3")]
    [InlineData("fd00::/126", "fd00::1", "fd00::2 fd00::3", null)]
    public void The_lowest_free_address_is_given(string subnet, string? gateway, string taken, string? given)
    {
        var pool = new AddressPool(IPNetwork.Parse(subnet), gateway is null ? null : IPAddress.Parse(gateway));
        var others = taken.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPAddress.Parse).ToHashSet();

        if (given is not null)
        {
            Assert.Equal(given, pool.Next(others).ToString());
        }
        else
        {
            var said = Assert.Throws<NetworkException>(() => pool.Next(others));
            Assert.StartsWith($"no more {(subnet.Contains(':', StringComparison.Ordinal) ? "inet6" : "inet")} IP's left in the network", said.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("10.0.0.9", null)]
    [InlineData("10.0.0.0", "the subnet 10.0.0.0/24 itself")]
    [InlineData("10.0.0.255", "the broadcast address")]
    [InlineData("10.0.0.1", "the gateway's")]
    [InlineData("10.0.1.9", "not in the subnet")]
    [InlineData("9.255.255.255", "not in the subnet")]
    [InlineData("10.0.0.7", "taken by another container")]
    [InlineData("10.9", "is not an IPv4 address")]
    [InlineData("fd00::9", "is not an IPv4 address")]
    [InlineData("ten", "is not an IPv4 address")]
    public void An_address_that_was_asked_for_is_checked(string address, string? why)
    {
        var pool = new AddressPool(IPNetwork.Parse("10.0.0.0/24"), IPAddress.Parse("10.0.0.1"));
        var taken = new HashSet<IPAddress> { IPAddress.Parse("10.0.0.7") };

        if (why is null)
        {
            Assert.Equal(address, pool.Checked(address, taken).ToString());
        }
        else
        {
            Assert.Contains(why, Assert.Throws<NetworkException>(() => pool.Checked(address, taken)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_large_subnet_is_given_out_without_looking_at_all_of_it()
    {
        var pool = new AddressPool(IPNetwork.Parse("fd00::/8"), null);
        var taken = Enumerable.Range(1, 3000).Select(i => new IPAddress([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)(i >> 8), (byte)i])).ToHashSet();

        Assert.Equal("fd00::bb9", pool.Next(taken).ToString());
    }

    [Theory]
    [InlineData("10.1.2.3/24", "10.1.2.0/24")]
    [InlineData("10.1.2.3", "10.1.2.3/32")]
    [InlineData("10.1.2.3/33", null)]
    [InlineData("10.1/16", null)]
    [InlineData("10.1.2.0/-1", null)]
    [InlineData("10.1.2.0/2 4", null)]
    [InlineData("10.1.2.0/", null)]
    [InlineData("", null)]
    [InlineData("fd00::/64", null)]
    [InlineData("$(reboot)", null)]
    public void Subnets_are_read_or_told(string text, string? read)
    {
        if (read is not null)
        {
            Assert.Equal(read, NetworkSpec.ParseSubnet(text, AddressFamily.InterNetwork, "subnet").ToString());
        }
        else
        {
            Assert.StartsWith("invalid subnet: ", Assert.Throws<KleeneException>(() => NetworkSpec.ParseSubnet(text, AddressFamily.InterNetwork, "subnet")).Message, StringComparison.Ordinal);
        }
    }
}
