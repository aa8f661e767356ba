using System.Diagnostics;
using System.Text.Json;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Tests;

/// <summary>
/// Kleene's own parser was asked about each text of the corpus. What it accepts has to say the same here, unless the Dockerfile
/// language says otherwise; each such case stands in the table with its reason. What it rejects may be accepted.
/// </summary>
public sealed class KleeneCorpusTests
{
    private const string Trimmed = "blanks around arguments are not part of them";
    private const string Pairs = "ENV takes several pairs, quotes group and are removed";
    private const string Escaped = "an escaped escape character does not join lines, and one at the end of the file is dropped";

    private static readonly Dictionary<string, string> Exceptions = new()
    {
        ["comment with continuation"] = "a comment that ends in the escape character does not swallow the next line",
        ["double space RUN"] = Trimmed,
        ["RUN space json"] = Trimmed + ", so this is the exec form",
        ["json non string"] = "an exec form holds strings only",
        ["RUN trailing sp"] = "RUN without a command is an error",
        ["FROM as lower"] = "AS is read in any case",
        ["FROM extra spaces"] = Trimmed,
        ["FROM platform"] = "--platform is a flag and not part of the name",
        ["ENV unbalanced quotes"] = "the quote is not closed, which is an error",
        ["ENV multi"] = Pairs,
        ["ENV trailing ws"] = Trimmed,
        ["WORKDIR"] = Trimmed,
        ["COPY one"] = "COPY with one word is an error",
        ["COPY double space"] = "several blanks separate as one does",
        ["COPY flag"] = "--from is a flag and not a file",
        ["empty file"] = "a file without FROM is an error",
        ["only comments"] = "a file without FROM is an error",
        ["no FROM"] = "a file without FROM is an error",
        ["ENV before FROM"] = "only ARG may stand before FROM",
        ["trailing backslash eof"] = Escaped,
        ["double backslash newline"] = Escaped,
        ["COPY quoted"] = "the quotes are not closed within their words, which is an error",
    };

    public static TheoryData<string> Accepted => [.. Corpus.Where(entry => entry.Result == "ok").Select(entry => entry.Name)];

    private static IEnumerable<Entry> Corpus
    {
        get
        {
            using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(TestData.Root, "kleene-parser-corpus.json")));
            foreach (var entry in json.RootElement.EnumerateArray())
            {
                yield return new Entry(
                    entry.GetProperty("name").GetString()!, entry.GetProperty("dockerfile").GetString()!, entry.GetProperty("result").GetString()!,
                    entry.TryGetProperty("instructions", out var instructions) ? [.. instructions.EnumerateArray().Select(Line)] : []);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Accepted))]
    public void What_kleene_accepts_says_the_same_here(string name)
    {
        var entry = Corpus.Single(entry => entry.Name == name);

        var (instructions, hasErrors) = Ours(entry.Text);

        var isSame = !hasErrors && instructions.SequenceEqual(entry.Instructions);
        if (Exceptions.TryGetValue(name, out var reason))
        {
            Assert.False(isSame, $"'{name}' is the same now; it is no exception any more ({reason})");
            return;
        }

        Assert.Equal(entry.Instructions, instructions);
        Assert.False(hasErrors);
    }

    /// <summary>No exceptions: this is what a file asks for by the directive.</summary>
    [Theory]
    [MemberData(nameof(Accepted))]
    public void What_kleene_accepts_says_the_same_in_its_own_dialect(string name)
    {
        var entry = Corpus.Single(entry => entry.Name == name);

        var (instructions, _) = Ours("# syntax=kleene\n" + entry.Text);

        Assert.Equal(entry.Instructions, instructions);
    }

    [Fact]
    public void Every_exception_is_a_case_of_the_corpus() =>
        Assert.Empty(Exceptions.Keys.Except(Corpus.Where(entry => entry.Result == "ok").Select(entry => entry.Name)));

    [Fact]
    public void Nothing_that_crashes_kleene_crashes_here()
    {
        foreach (var entry in Corpus.Where(entry => entry.Result != "ok"))
        {
            foreach (var dialect in (string[])["", "# syntax=kleene\n"])
            {
                var compilation = Given.Compile(dialect + entry.Text);

                Assert.Equal(compilation.HasErrors, compilation.Plan is null);
            }
        }
    }

    [Theory]
    [InlineData("bad json", "/bin/sh -c [a]")]
    [InlineData("shell test bracket", "/bin/sh -c [ -f /x ] || true")]
    [InlineData("continuation w/ comment inside", "/bin/sh -c echo hello world")]
    [InlineData("continuation CRLF", "/bin/sh -c echo b")]
    [InlineData("lowercase run", "/bin/sh -c x")]
    [InlineData("escape directive", "/bin/sh -c echo x")]
    public void What_breaks_kleene_and_is_right_in_the_language_builds_here(string name, string argv)
    {
        var plan = Given.Plan(Corpus.Single(entry => entry.Name == name).Text);

        Assert.Equal(argv, string.Join(' ', plan.Target.Run().Argv));
    }

    private static (List<string> Instructions, bool HasErrors) Ours(string text)
    {
        var source = new SourceText("Kleenefile", text);
        var diagnostics = new DiagnosticBag();
        var file = LineLexer.Lex(source, diagnostics);
        var syntax = SyntaxReader.Read(source, file, diagnostics);
        return ([.. syntax.Instructions.Select(Line)], Given.Compile(text).HasErrors);
    }

    /// <summary>An instruction in the words of Kleene's parser; quotes that only expansion removes are removed here.</summary>
    private static string Line(InstructionSyntax instruction) => instruction switch
    {
        FromSyntax from => Line("from", from.Name is { } name ? [from.Image.Text, name.Text] : [from.Image.Text]),
        RunSyntax run => Line("run", Words(run.Command)),
        CmdSyntax cmd => Line("cmd", Words(cmd.Command)),
        EnvSyntax env => Line("env", env.Pairs.Select(pair => $"{pair.Name.Text}={pair.Value?.Text.Trim('"')}")),
        ArgSyntax arg => Line("arg", arg.Declarations.Select(pair => $"{pair.Name.Text}={pair.Value?.Text.Trim('"')}")),
        WorkdirSyntax workdir => Line("workdir", [workdir.Path.Text]),
        UserSyntax user => Line("user", [user.Name.Text]),
        CopySyntax copy => Line("copy", [.. copy.Sources.Select(word => word.Text), copy.Destination.Text]),
        UnreadSyntax unread => Line("unread", [unread.Head.Line.Text]),
        _ => throw new UnreachableException(),
    };

    private static IEnumerable<string> Words(CommandSyntax command) => command switch
    {
        CommandSyntax.Shell shell => ["/bin/sh", "-c", shell.Text.Text],
        CommandSyntax.Exec exec => exec.Arguments.Select(word => word.Text),
        _ => throw new UnreachableException(),
    };

    private static string Line(JsonElement instruction) => Line(
        instruction.GetProperty("op").GetString()!,
        instruction.GetProperty("args").EnumerateArray().SelectMany(argument => argument.ValueKind == JsonValueKind.Array
            ? argument.EnumerateArray().Select(word => word.ValueKind == JsonValueKind.String ? word.ToString() : word.GetRawText())
            : [argument.ToString()]));

    private static string Line(string operation, IEnumerable<string> words) => $"{operation} {string.Join('|', words)}";

    private sealed record Entry(string Name, string Text, string Result, List<string> Instructions);
}
