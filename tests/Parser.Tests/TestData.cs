using System.Runtime.CompilerServices;
using System.Text;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Tests;

/// <summary>The golden folders: a Kleenefile each, the options it is compiled with, and what was approved.</summary>
internal static class TestData
{
    public static string Root { get; } = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(ThisFile())!, "testdata");    // a file has a directory

    public static IEnumerable<string> Cases => Directory.EnumerateDirectories(Root)
        .Where(folder => File.Exists(System.IO.Path.Combine(folder, "Kleenefile")))
        .Select(folder => System.IO.Path.GetFileName(folder))
        .Order(StringComparer.Ordinal);

    public static string Path(string name, string file) => System.IO.Path.Combine(Root, name, file);

    /// <summary>The file byte for byte: a byte order mark stays in the text.</summary>
    public static SourceText Source(string name) =>
        new("Kleenefile", new UTF8Encoding(false).GetString(File.ReadAllBytes(Path(name, "Kleenefile"))));

    /// <summary><c>options.txt</c>, one option a line: <c>build-arg NAME=value</c>, <c>target STAGE</c>, <c>from IMAGE</c>, <c>context NAME</c>, <c>image NAME IMAGE</c>, <c>platform OS/ARCHITECTURE</c>, <c>onbuild IMAGE INSTRUCTION</c>.</summary>
    public static CompileOptions Options(string name)
    {
        var path = Path(name, "options.txt");
        var lines = File.Exists(path) ? File.ReadAllLines(path).Select(line => line.Split(' ', 2)).ToList() : [];
        string? Last(string option) => lines.LastOrDefault(line => line[0] == option)?[1];
        return new CompileOptions
        {
            Arguments = new BuildArguments(
                lines.Where(line => line[0] == "build-arg").Select(line => line[1].Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], pair[1]))),
            Target = Last("target"),
            BaseOverride = Last("from"),
            NamedContexts = lines.Aggregate(NamedContexts.Empty, (contexts, line) => line switch
            {
                ["context", var context] => contexts.With(context, new NamedContext.Files()),
                ["image", var image] => contexts.With(image.Split(' ')[0], new NamedContext.Image(image.Split(' ')[1])),
                _ => contexts,
            }),
            Platform = Last("platform") ?? CompileOptions.Default.Platform,
            Includes = new Files(Path(name, "")),
            BaseConfigs = lines.Where(line => line[0] == "onbuild").Select(line => line[1].Split(' ', 2)).GroupBy(pair => pair[0], pair => pair[1])
                .ToDictionary(group => group.Key, group => new StageConfig { OnBuild = [.. group] }, StringComparer.Ordinal),
        };
    }

    private sealed class Files(string root) : IIncludedFiles
    {
        public IncludedFile Read(string path) => File.Exists(System.IO.Path.Combine(root, path))
            ? new IncludedFile.Found(File.ReadAllText(System.IO.Path.Combine(root, path)))
            : new IncludedFile.Missing($"there is no file '{path}'");
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
