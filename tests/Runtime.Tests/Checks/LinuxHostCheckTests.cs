using Kleene.Build.Runtime.Checks;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Checks;

public sealed class LinuxHostCheckTests
{
    [Theory]
    [InlineData("crun conmon nft", null, "")]
    [InlineData("runc conmon nft", null, "")]
    [InlineData("crun", null, "note: conmon; note: nft")]
    [InlineData("conmon nft", null, "problem: crun")]
    [InlineData("crun conmon nft", "youki", "problem: youki")]
    [InlineData("youki conmon nft", "youki", "")]
    public async Task What_is_not_installed_is_told_and_whether_one_can_do_without(string installed, string? runtime, string expected)
    {
        var found = new List<string>();
        await foreach (var finding in new LinuxHostCheck(runtime, name => installed.Split(' ').Contains(name) ? $"/usr/bin/{name}" : null, () => null).RunAsync(repairs: true, CancellationToken.None))
        {
            Assert.False(finding.IsRepaired);
            found.Add($"{(finding.IsOptional ? "note" : "problem")}: {finding.Text.Split('\'')[1]}");
        }

        Assert.Equal(expected, string.Join("; ", found));
    }

    [Theory]
    [InlineData("crun conmon nft", "rules drop it", 1)]
    [InlineData("crun conmon nft", null, 0)]
    [InlineData("crun conmon", "nobody asks where there are no networks", 0)]
    public async Task Rules_of_others_that_are_in_the_way_are_a_problem(string installed, string? barrier, int problems)
    {
        var found = new List<Finding>();
        await foreach (var finding in new LinuxHostCheck(runtime: null, name => installed.Split(' ').Contains(name) ? name : null, () => barrier).RunAsync(repairs: true, CancellationToken.None))
        {
            found.Add(finding);
        }

        Assert.Equal(problems, found.Count(finding => finding is { IsOptional: false, IsRepaired: false } && finding.Text == barrier));
    }
}
