using System.Runtime.CompilerServices;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Linting;
using Xunit;

namespace Kleene.Build.Parser.Tests.Linting;

/// <summary>Files as good authors write them, in the manner of many ecosystems: nothing is to be said about any of them.</summary>
public sealed class CleanFileTests
{
    private static readonly string Folder = Path.Combine(Path.GetDirectoryName(ThisFile())!, "clean");    // a file has a directory

    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Nothing_is_found_in_a_good_file(string name)
    {
        var found = Given.Compile(File.ReadAllText(Path.Combine(Folder, name)), CompileOptions.Default with { Lint = LintLevel.Everything }).Diagnostics;

        Assert.True(found.IsEmpty, DiagnosticFormatter.Format(found));
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
