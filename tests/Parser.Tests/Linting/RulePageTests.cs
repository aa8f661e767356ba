using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Testing.Approvals;
using Xunit;

namespace Kleene.Build.Parser.Tests.Linting;

/// <summary>Every rule has a page, and the examples on it are true.</summary>
public sealed class RulePageTests
{
    public static TheoryData<string> Names => [.. Rules.All.Select(rule => rule.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_bad_example_shows_the_finding_and_no_other(string name)
    {
        var page = RulePage.Of(name);

        var found = page.Check(page.Bad).Diagnostics;

        Assert.NotEmpty(found);
        Assert.All(found, finding => Assert.Equal(name, finding.Rule.Name));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_good_example_has_no_finding(string name)
    {
        var page = RulePage.Of(name);

        var found = page.Check(page.Good).Diagnostics;

        Assert.True(found.IsEmpty, DiagnosticFormatter.Format(found));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_page_says_what_the_compiler_says(string name)
    {
        var page = RulePage.Of(name);

        Approved.Matches(page.Approvable(), page.File);
        Assert.Equal(File.ReadAllText(page.File), RulePages.Of(page.Rule));
    }

    [Fact]
    public void The_index_lists_every_page()
    {
        var rows = Rules.All.Select(rule => $"| `{rule.Id}` | [{rule.Name}]({rule.Name}.md) | {DiagnosticFormatter.Word(rule.Severity)} | {rule.Title.Replace("|", "\\|", StringComparison.Ordinal)} |");
        var index = Path.Combine(RulePage.Folder, "README.md");
        var introduction = File.ReadAllText(index).Split("| id |")[0];

        Approved.Matches($"{introduction}| id | rule | | what is wrong |\n| --- | --- | --- | --- |\n{string.Join('\n', rows)}\n", index);
    }

    [Fact]
    public void There_is_no_page_without_a_rule()
    {
        var pages = Directory.EnumerateFiles(RulePage.Folder, "*.md").Select(file => Path.GetFileNameWithoutExtension(file)).Where(name => name != "README");

        Assert.Equal(Rules.All.Select(rule => rule.Name).Order(StringComparer.Ordinal), pages.Order(StringComparer.Ordinal));
    }
}
