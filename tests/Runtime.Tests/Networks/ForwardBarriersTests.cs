using System.Text.RegularExpressions;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Networks.Linux;
using Kleene.Build.Testing.Networks;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>Hosts whose rules, which are not ours, drop what the host passes on.</summary>
public sealed class ForwardBarriersTests
{
    private const string Docker = "for t in iptables ip6tables; do $t -N DOCKER-USER; $t -A FORWARD -j DOCKER-USER; $t -A DOCKER-USER -j RETURN; $t -P FORWARD DROP; done";
    private const string Ufw = "for t in iptables ip6tables; do $t -N ufw-user-forward; $t -A FORWARD -j ufw-user-forward; $t -P FORWARD DROP; done";
    private const string OwnTable = "nft 'table inet mine { chain passing { type filter hook forward priority filter; policy drop; ct state established accept; }; }'";

    [NetworkTheory]
    [InlineData(Docker, "the chain 'FORWARD' of the table 'ip filter' and the chain 'FORWARD' of the table 'ip6 filter' drops", "iptables -I DOCKER-USER -i $i -j ACCEPT")]
    [InlineData(Ufw, "the chain 'FORWARD' of the table 'ip filter' and the chain 'FORWARD' of the table 'ip6 filter' drops", "iptables -I FORWARD -i $i -j ACCEPT")]
    [InlineData(OwnTable, "the chain 'passing' of the table 'inet mine' drops", "insert rule inet mine passing iifname \"kv*\" accept")]
    public async Task They_are_told_with_the_command_after_which_all_is_well(string rules, string named, string way)
    {
        await using var lab = await NetworkLab.OpenAsync();
        lab.Host.Run(rules);
        lab.Serve(lab.Host.Path, 90);
        lab.Serve(lab.Outside.Path, 81);
        await lab.Lifecycle.CreateAsync(new NetworkSpec { Name = "own" }, CancellationToken.None);
        var a = await lab.StartAsync("a", NetworkLab.On("own") with { Ports = [new PortPublication { HostPort = 8080, ContainerPort = 80 }] });
        var b = await lab.StartAsync("b", NetworkLab.On("own"));
        lab.Serve(a.Stack, 80);
        var theirs = Foreign(lab);

        var sentence = lab.Lifecycle.Barrier();

        Assert.NotNull(sentence);
        Assert.StartsWith(named, sentence, StringComparison.Ordinal);
        Assert.Contains(way, sentence, StringComparison.Ordinal);
        await ReachesAsync(lab, a, b, passed: false);
        Assert.Equal(theirs, Foreign(lab));

        lab.Host.Run(sentence[(sentence.IndexOf("through: ", StringComparison.Ordinal) + "through: ".Length)..]);

        Assert.Null(lab.Lifecycle.Barrier());
        await ReachesAsync(lab, a, b, passed: true);
    }

    [NetworkTheory]
    [InlineData("true")]
    [InlineData("iptables -P FORWARD ACCEPT; iptables -A FORWARD -i eth9 -j DROP")]
    [InlineData("iptables -P INPUT DROP")]
    [InlineData("nft 'table bridge mine { chain forward { type filter hook forward priority filter; policy drop; }; }'")]
    [InlineData("nft 'table inet mine { chain forward { type filter hook forward priority filter; policy accept; }; chain other { drop; }; }'")]
    public async Task Rules_that_are_not_in_our_way_are_none(string rules)
    {
        await using var host = await HostStack.OpenAsync();
        host.Run(rules);

        Assert.Null(ForwardBarriers.Describe(host.Path));
    }

    [NetworkFact]
    public async Task One_that_is_mended_for_one_family_is_told_of_the_other()
    {
        await using var host = await HostStack.OpenAsync();
        host.Run(Docker);
        host.Run("for i in kv+ kb+; do iptables -I DOCKER-USER -i $i -j ACCEPT; iptables -I DOCKER-USER -o $i -j ACCEPT; done");

        Assert.StartsWith("the chain 'FORWARD' of the table 'ip6 filter' drops", ForwardBarriers.Describe(host.Path), StringComparison.Ordinal);
    }

    /// <summary>What the host need not pass on works in any case; all else depends on others' rules.</summary>
    private static async Task ReachesAsync(NetworkLab lab, LabContainer a, LabContainer b, bool passed)
    {
        foreach (var (at, host, outside, loopback) in new[]
        {
            (a.Address, NetworkLab.HostAddress, NetworkLab.OutsideAddress, "127.0.0.1"), (a.Address6, NetworkLab.HostAddress6, NetworkLab.OutsideAddress6, "::1"),
        })
        {
            foreach (var (from, to, port) in new[] { (lab.Host.Path, at, 80), (lab.Host.Path, loopback, 8080), (lab.Host.Path, host, 8080), (a.Stack, host, 90) })
            {
                Assert.NotNull(await Wire.AskAsync(from, to, port, expected: true));
            }

            foreach (var (from, to, port) in new[] { (b.Stack, at, 80), (lab.Outside.Path, host, 8080), (a.Stack, outside, 81), (b.Stack, host, 8080) })
            {
                Assert.Equal(passed, await Wire.AskAsync(from, to, port, expected: passed) is not null);
            }
        }
    }

    /// <summary>All rules but ours, without what counts packets.</summary>
    private static string Foreign(NetworkLab lab) =>
        Regex.Replace(string.Join('\n', lab.Host.Run("nft list tables").Split('\n').Where(table => table.Length > 0 && !table.Contains("kleene", StringComparison.Ordinal)).Select(table => lab.Host.Run($"nft list {table}"))), @"packets \d+ bytes \d+", "");
}
