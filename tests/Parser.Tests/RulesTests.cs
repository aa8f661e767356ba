using System.Reflection;
using System.Text.RegularExpressions;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Tests.Linting;
using Xunit;

namespace Kleene.Build.Parser.Tests;

public sealed class RulesTests
{
    public static TheoryData<string> Ids => [.. Rules.All.Select(rule => rule.Id)];

    [Fact]
    public void The_catalogue_lists_every_rule_once_in_order()
    {
        var declared = typeof(Rules).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (DiagnosticRule)field.GetValue(null)!);

        Assert.Equal(declared.Select(rule => rule.Id), Rules.All.Select(rule => rule.Id));
        Assert.Equal(Rules.All.Select(rule => rule.Id).Distinct().Order(StringComparer.Ordinal), Rules.All.Select(rule => rule.Id));
        Assert.Equal(Rules.All.Length, Rules.All.Select(rule => rule.Name).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_rule_has_a_golden_case_or_a_page_that_shows_it(string id)
    {
        var approved = Directory.EnumerateFiles(TestData.Root, "diagnostics.approved.txt", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(RulePage.Folder, "*.md")).Select(File.ReadAllText);

        Assert.Contains(approved, text => text.Contains($" {id}: ", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_rule_says_what_is_wrong_and_what_to_do(string id)
    {
        var rule = Rules.All.Single(rule => rule.Id == id);

        Assert.Matches(new Regex(@"^[A-Z].*[^.]$"), rule.Title);
        Assert.Matches(new Regex(@"^[a-z].*([^.]|\.\.\.""?)$"), rule.Help);
    }
}
