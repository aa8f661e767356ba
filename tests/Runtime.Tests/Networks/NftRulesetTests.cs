using System.Net;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Networks.Linux;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Approvals;
using Kleene.Build.Testing.Networks;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>The rules of each intent that Kleene's own generator of pf rules is tested with, as nft has them; all are accepted by nft itself.</summary>
public class NftRulesetTests
{
    private static readonly NetworkIntent First = new()
    {
        Id = "aaa111111111",
        Interface = "kbaaa111111111",
        Subnet = IPNetwork.Parse("10.13.37.0/24"),
        Subnet6 = IPNetwork.Parse("fd00::/64"),
        HasNat = true,
        AllowsNeighbours = true,
    };

    private static readonly NetworkIntent Second = First with { Id = "bbb222222222", Interface = "kbbbb222222222", Subnet = IPNetwork.Parse("10.2.0.0/24"), Subnet6 = null };

    private static readonly IPAddress Address = IPAddress.Parse("10.13.37.2");
    private static readonly IPAddress Address6 = IPAddress.Parse("fd00::2");

    public static TheoryData<string> Cases() => [.. All().Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_intent_becomes_the_approved_rules(string name) =>
        Approved.Matches(NftRuleset.Write("kleene-test", All()[name], "0123"), Path.Join(TestData, $"{name}.approved.nft"));

    [NetworkTheory]
    [MemberData(nameof(Cases))]
    public async Task The_rules_of_an_intent_are_accepted(string name)
    {
        var text = NftRuleset.Write("kleene-test", All()[name], "0123");

        await using var host = await HostStack.OpenAsync();
        var command = CommandLine.Of("nsenter", $"--net={host.Path}", "nft", "-c", "-f", "-") with { Input = System.Text.Encoding.UTF8.GetBytes(text) };
        var result = await new ProcessRunner().RunAsync(command, ProcessOutput.Captured, CancellationToken.None);

        Assert.True(result.Exit.Success, result.Error + text);
    }

    private static string TestData => Path.Join(SourceDirectory(), "testdata");

    private static Dictionary<string, FirewallIntent> All()
    {
        var cases = new Dictionary<string, FirewallIntent>
        {
            ["nothing"] = FirewallIntent.Nothing,
            ["foreign-interface"] = new([First with { Interface = "br0", IsForeign = true, NatInterface = "eth0" }], []),
            ["two-networks-and-ports"] = new(
                [First, Second],
                [
                    Port(new PortPublication { HostPort = 8080, ContainerPort = 80 }),
                    Port(new PortPublication { HostPort = 5000, ContainerPort = 4000, Count = 3, Protocol = PortProtocol.Udp }),
                    Port(new PortPublication { HostPort = 7000, ContainerPort = 7000, Count = 1001 }),
                    Port(new PortPublication { HostAddress = "127.0.0.1", HostPort = 81, ContainerPort = 80 }),
                    Port(new PortPublication { HostAddress = "::1", HostPort = 82, ContainerPort = 82 }),
                    Port(new PortPublication { HostInterface = "eth1", HostPort = 83, ContainerPort = 80 }),
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

    private static PortIntent Port(PortPublication port) => new(port, Address, Address6);

    private static string SourceDirectory([System.Runtime.CompilerServices.CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
