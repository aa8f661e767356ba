using System.Text.RegularExpressions;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Linting;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Tests.Linting;

/// <summary>A page of <c>docs/rules</c>, cut into what it shows. What the compiler knows better is written into it on approval.</summary>
internal sealed class RulePage
{
    private readonly string text;

    private RulePage(DiagnosticRule rule, string text)
    {
        Rule = rule;
        this.text = text;
    }

    public static string Folder { get; } = Path.GetFullPath(Path.Combine(TestData.Root, "..", "..", "..", "src", "Parser", "docs", "rules"));

    public DiagnosticRule Rule { get; }

    public string File => Path.Combine(Folder, $"{Rule.Name}.md");

    public static RulePage Of(string name)
    {
        var rule = Rules.Find(name) ?? throw new ArgumentException($"no rule {name}", nameof(name));
        return new RulePage(rule, System.IO.File.ReadAllText(Path.Combine(Folder, $"{rule.Name}.md")));
    }

    public SourceText Bad => Example("Bad");

    public SourceText Good => Example("Good");

    /// <summary>What the example is checked with: the options of its command line, the files of its context.</summary>
    public CompileOptions Options
    {
        get
        {
            var words = Block("console", text)?.Trim().Split(' ') ?? [];
            var files = new PageFiles(Lines("ignore"), Lines("files"));
            string? After(string option) => words.SkipWhile(word => word != option).Skip(1).FirstOrDefault();
            return CompileOptions.Default with
            {
                Lint = LintLevel.Everything,
                Target = After("--target"),
                Arguments = After("--build-arg") is { } argument ? Given.Arguments(argument) : BuildArguments.Empty,
                Files = files,
                Includes = files,
                BaseConfigs = Lines("bases").Select(line => line.Split(' ')).ToDictionary(line => line[0], line => new StageConfig { Platform = line[1] }),
            };
        }
    }

    public Compilation Check(SourceText example) => KleenefileCompiler.Compile(example, Options);

    /// <summary>The page as it would be if the compiler had written its part.</summary>
    public string Approvable()
    {
        var compilation = Check(Bad);
        var findings = DiagnosticFormatter.Format(compilation.Diagnostics).TrimEnd('\n').Replace('\0', '\u2400');
        var parts = text.Split("\n\n", 4);
        var output = Regex.Replace(
            parts[3], @"(## Bad\n.*?```text\n).*?(\n```)", match => match.Groups[1].Value + findings + match.Groups[2].Value, RegexOptions.Singleline);
        return string.Join("\n\n", $"# {Rule.Name}", Heading(Rule, compilation.Diagnostics.Any(finding => finding.HasFix)), $"{Rule.Title}; {Rule.Help}.", output);
    }

    public static string Heading(DiagnosticRule rule, bool hasFix) =>
        string.Join(" · ", new[]
        {
            $"`{rule.Id}`",
            DiagnosticFormatter.Word(rule.Severity),
            hasFix ? "`kleene check --fix` corrects it" : "",
            rule.IsBuildKits ? "in BuildKit too" : "",
            rule.IsExperimental ? "on trial" : "",
        }.Where(part => part.Length > 0));

    private SourceText Example(string heading)
    {
        var section = text[text.IndexOf($"## {heading}", StringComparison.Ordinal)..];
        var example = Block("dockerfile", section) ?? throw new InvalidDataException($"{File} has no example under '{heading}'");
        return new SourceText("Kleenefile", example.Replace('\u2400', '\0'));
    }

    private string[] Lines(string kind) => Block(kind, text)?.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static string? Block(string kind, string section)
    {
        var match = Regex.Match(section, $@"^```{kind}\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline);
        return match.Success ? match.Groups[1].Value : null;
    }

    private sealed class PageFiles(string[] ignored, string[] files) : IContextFiles, IIncludedFiles
    {
        public string? IgnoredBy(string source) =>
            Array.FindIndex(ignored, pattern => source == pattern || source.StartsWith(pattern + "/", StringComparison.Ordinal)) is >= 0 and var line
                ? $".kleeneignore:{line + 1}" : null;

        public string? WhyMissing(string source) =>
            files.Length == 0 || Taken([source], []).Any() ? null : $"there is no '{source}' in the build context";

        public IEnumerable<string> Taken(IReadOnlyList<string> sources, IReadOnlyList<string> exclude) =>
            files.Select(file => file.Split(": ")[0]).Where(file => sources.Any(source => source is "." or "" || file == source || file.StartsWith(source + "/", StringComparison.Ordinal)));

        public string Beginning(string path) => Content(path) ?? "";

        public IncludedFile Read(string path) =>
            Content(path) is { } content ? new IncludedFile.Found(content) : new IncludedFile.Missing($"there is no file '{path}'");

        private string? Content(string path) => files.Select(file => file.Split(": ", 2)).FirstOrDefault(file => file[0] == path)?[1];
    }
}
