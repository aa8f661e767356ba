using System.Text.RegularExpressions;

namespace Kleene.Build.Parser.Tests;

public sealed class SeamTests
{
    private static readonly string Sources = Path.GetFullPath(Path.Combine(TestData.Root, "..", "..", "..", "src", "Parser"));

    [Fact]
    public void Only_the_grammar_folder_knows_the_combinator_library()
    {
        var users = Directory.EnumerateFiles(Sources, "*.cs", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains("Sprache", StringComparison.Ordinal))
            .Select(file => Path.GetRelativePath(Sources, Path.GetDirectoryName(file)!))    // a file has a directory
            .Where(folder => !folder.StartsWith("obj", StringComparison.Ordinal) && !folder.StartsWith("bin", StringComparison.Ordinal))
            .Distinct();

        Assert.Equal([Path.Combine("Syntax", "Grammar")], users);
    }

    [Theory]
    [InlineData("System.Diagnostics.Process")]
    [InlineData("System.Net")]
    [InlineData("System.Text.RegularExpressions")]
    [InlineData("Kleene.Build")]
    public void The_compiler_refers_to_nothing_that_leads_out_of_it(string name)
    {
        var references = typeof(KleenefileCompiler).Assembly.GetReferencedAssemblies().Select(reference => reference.Name ?? "");

        Assert.DoesNotContain(references, reference => reference.StartsWith(name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("File.")]
    [InlineData("Directory.")]
    [InlineData("Environment.Get")]
    [InlineData("DateTime")]
    [InlineData("Stopwatch")]
    [InlineData("Console.")]
    public void No_source_of_the_compiler_touches_the_machine(string word)
    {
        var users = Directory.EnumerateFiles(Sources, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(Sources, file).StartsWith("obj", StringComparison.Ordinal))
            .Where(file => File.ReadAllLines(file).Any(line => Regex.IsMatch(line, $@"(^|[^\w.]){Regex.Escape(word)}")
                && !line.TrimStart().StartsWith("//", StringComparison.Ordinal)));

        Assert.Empty(users);
    }
}
