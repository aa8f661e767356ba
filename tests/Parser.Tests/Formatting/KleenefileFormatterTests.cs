using System.Runtime.CompilerServices;
using System.Text;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Formatting;
using Kleene.Build.Parser.Text;
using Kleene.Build.Testing.Approvals;
using Xunit;

namespace Kleene.Build.Parser.Tests.Formatting;

public sealed class KleenefileFormatterTests
{
    private static readonly string Folder = Path.Combine(Path.GetDirectoryName(ThisFile())!, "testdata");    // a file has a directory

    public static TheoryData<string> Cases => [.. Directory.EnumerateDirectories(Folder).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    public static TheoryData<string> GoldenFiles => [.. TestData.Cases];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_file_has_the_approved_layout(string name)
    {
        var source = Source(Path.Combine(Folder, name, "Kleenefile"));

        var formatted = KleenefileFormatter.Format(source);

        Approved.Matches(formatted.Text ?? DiagnosticFormatter.Format(formatted.Diagnostics), Path.Combine(Folder, name, "formatted.approved.txt"));
        AssertMeansTheSame(source);
    }

    [Theory]
    [MemberData(nameof(GoldenFiles))]
    public void Formatting_a_golden_file_changes_its_layout_only(string name) => AssertMeansTheSame(TestData.Source(name), TestData.Options(name));

    [Fact]
    public void Formatting_a_sample_changes_its_layout_only()
    {
        var samples = Directory.EnumerateFiles(Path.Combine(TestData.Root, "..", "..", "..", "samples"), "Kleenefile", SearchOption.AllDirectories).ToList();

        Assert.NotEmpty(samples);
        Assert.All(samples, sample => AssertMeansTheSame(Source(sample)));
    }

    [Theory]
    [InlineData("FORM a\n", "KB0001")]
    [InlineData("FROM a\nRUN <<EOF\necho\n", "KB0006")]
    [InlineData("FROM a\nCOPY a\n", "KB0011")]
    [InlineData("# escape=x\nFROM a\n", "KB0005")]
    public void A_file_that_cannot_be_read_has_no_layout(string text, string rule)
    {
        var formatted = KleenefileFormatter.Format(new SourceText("Kleenefile", text));

        Assert.Null(formatted.Text);
        Assert.False(formatted.IsChanged);
        Assert.Contains(formatted.Diagnostics, diagnostic => diagnostic.Rule.Id == rule);
    }

    [Theory]
    [InlineData("FROM nowhere\nCOPY --from=later a b\nUSER ${X:?}\n")]
    [InlineData("RUN true\n")]
    [InlineData("# a part of a file\nRUN true\n")]
    public void What_names_lead_to_does_not_matter(string text) =>
        Assert.Equal(text, KleenefileFormatter.Format(new SourceText("Kleenefile", text)).Text);

    private static void AssertMeansTheSame(SourceText source, CompileOptions? options = null)
    {
        if (KleenefileFormatter.Format(source).Text is not { } text)
        {
            return;
        }

        var formatted = new SourceText(source.Path, text);
        var (before, after) = (KleenefileCompiler.Compile(source, options ?? CompileOptions.Default), KleenefileCompiler.Compile(formatted, options ?? CompileOptions.Default));

        Assert.Equal(PlanMeaning.Of(before), PlanMeaning.Of(after));
        Assert.Equal(before.HasErrors, after.HasErrors);
        Assert.Equal(text, KleenefileFormatter.Format(formatted).Text);
    }

    private static SourceText Source(string path) => new("Kleenefile", new UTF8Encoding(false).GetString(File.ReadAllBytes(path)));

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
