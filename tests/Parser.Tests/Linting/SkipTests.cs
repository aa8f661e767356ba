using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Linting;
using Xunit;

namespace Kleene.Build.Parser.Tests.Linting;

/// <summary>How findings are kept quiet, and what is said of those who do it in vain.</summary>
public sealed class SkipTests
{
    [Theory]
    [InlineData("# check=skip=FromAsCasing,JSONArgsRecommended\nFROM a:1 as b\nCMD x")]
    [InlineData("# check=skip=KB0060,kb0062\nFROM a:1 as b\nCMD x")]
    [InlineData("# check = skip = fromascasing , JSONARGSRECOMMENDED ; error = true\nFROM a:1 as b\nCMD x")]
    [InlineData("# check=skip=all\nFROM a:1 as b\nCMD x")]
    [InlineData("# check=skip=FromAsCasing,JSONArgsRecommended because it is old\nFROM a:1 as b\nCMD x")]
    [InlineData("# syntax=docker/dockerfile:1\n# check=skip=FromAsCasing\nFROM a:1 as b\n# check=skip=JSONArgsRecommended\nCMD x")]
    [InlineData("#\n# check=skip=FromAsCasing\nFROM a:1 as b\n\n  # check=skip=KB0062 it is a shell script\n\n# more words\nCMD x")]
    public void What_is_skipped_is_not_found(string text) => Assert.Empty(Check(text));

    [Theory]
    [InlineData("FROM a:1\n# check=skip=JSONArgsRecommended\n#\nCMD x\n", "JSONArgsRecommended")]
    [InlineData("FROM a:1\n# check=skip=JSONArgsRecommended\nRUN y\nCMD x\n", "UselessSkip JSONArgsRecommended")]
    [InlineData("FROM a:1\n# check=skip=KB0062\nCMD [\"x\"]\n", "UselessSkip")]
    [InlineData("# check=skip=NoSuchRule\nFROM a:1\n", "UnknownCheck")]
    [InlineData("# check=skip=UnknownFlag\nFROM a:1\nRUN --x=1 y\n", "UselessSkip UnknownFlag")]
    [InlineData("# check=skip=UndefinedVar\nFROM a:1\n", "")]
    [InlineData("# check=skip=CopyIgnoredFile\nFROM a:1\n", "")]
    [InlineData("FROM a:1\nRUN <<EOF\n# check=skip=JSONArgsRecommended\nEOF\nCMD x\n", "JSONArgsRecommended")]
    public void What_a_skip_does_not_reach_is_found_and_a_skip_in_vain_too(string text, string rules) =>
        Assert.Equal(rules, string.Join(' ', Check(text).Select(finding => finding.Rule.Name)));

    [Fact]
    public void A_name_that_is_no_rule_is_answered_with_the_nearest_and_corrected()
    {
        var found = Assert.Single(Check("# check=skip=JSONArgRecommended\nFROM a:1\n"));

        Assert.Equal("there is no rule 'JSONArgRecommended'; did you mean 'JSONArgsRecommended'?", found.Message);
        Assert.Equal("JSONArgsRecommended", Assert.Single(found.Fix).NewText);
        Assert.Equal("JSONArgRecommended", found.Span.Text);
    }

    [Fact]
    public void A_skip_in_an_included_file_counts_there()
    {
        var files = new Included("# check=skip=JSONArgsRecommended\nCMD x\n");

        var found = Given.Compile("FROM a:1\nINCLUDE x\nENTRYPOINT y\n", CompileOptions.Default with { Lint = LintLevel.Everything, Includes = files }).Diagnostics;

        Assert.Equal("y", Assert.Single(found).Span.Text);
    }

    [Fact]
    public void Advice_stays_advice_when_warnings_are_errors()
    {
        var found = Check("# check=error=true\nFROM a AS X\n");

        Assert.Equal([DiagnosticSeverity.Info, DiagnosticSeverity.Error], found.Select(finding => finding.Severity));
    }

    [Theory]
    [InlineData(LintLevel.Warnings, DiagnosticSeverity.Warning)]
    [InlineData(LintLevel.Everything, DiagnosticSeverity.Error)]
    public void A_build_is_not_failed_by_rules_of_ours_that_its_author_has_never_heard_of(LintLevel level, DiagnosticSeverity severity)
    {
        var found = Given.Compile("# check=error=true\nFROM a:1\nRUN apt-get update\nRUN apt-get install x\n", CompileOptions.Default with { Lint = level }).Diagnostics;

        Assert.Equal(severity, Assert.Single(found).Severity);
    }

    private static IEnumerable<Diagnostic> Check(string text) => Given.Compile(text, CompileOptions.Default with { Lint = LintLevel.Everything }).Diagnostics;

    private sealed class Included(string text) : IIncludedFiles
    {
        public IncludedFile Read(string path) => new IncludedFile.Found(text);
    }
}
