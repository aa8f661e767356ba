using FsCheck;
using FsCheck.Fluent;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Expansion;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Tests;

public sealed class PropertyTests
{
    private static readonly string[] Fragments =
    [
        "FROM ", "debian:12", "scratch", " AS ", "build", "RUN ", "COPY ", "--from=", "--network=", "ENV ", "ARG ", "LABEL ", "WORKDIR ", "USER ",
        "CMD ", "ENTRYPOINT ", "SHELL ", "EXPOSE ", "VOLUME ", "STOPSIGNAL ", "ONBUILD ", "ADD ", "MAINTAINER ", "# escape=`", "# check=skip=all",
        "\n", "\r\n", "\n\n", "\\\n", "`\n", "\\", "`", " ", "\t", "#", "\"", "'", "$", "${", "}", "${A:-", "${A#*", "${A/x/", "[", "]", "\"a\"", ",",
        "{\"a\":", "<<EOF", "<<-'E'", "\nEOF\n", "=", "A=1", "a b", "/x/../", "80/tcp", "-", "--", "\0", "\uFEFF", "é", "\uD83D", "0", "1", "|", ":",
    ];

    private static Arbitrary<string> Kleenefiles =>
        Gen.Elements(Fragments).ListOf().Select(parts => string.Concat(parts)).ToArbitrary();

    private static Arbitrary<string> WellFormed =>
        Gen.Elements(
            "FROM a\n", "FROM s0 AS x\n", "FROM 0\n", "FROM scratch AS s0\n", "RUN x\n", "COPY --from=s0 a b\n", "COPY --from=0 a b\n", "COPY --from=x a b\n", "WORKDIR /y\n")
            .ListOf().Select(parts => "FROM a AS s0\n" + string.Concat(parts)).ToArbitrary();

    private static readonly string[] Instructions =
    [
        "from a as b", "FROM b", "from --platform=linux/amd64 a", "run a b", "RUN [ \"a\" , \"b c\" ]", "run --network=none a 'b  c' \"d e\"", "COPY a b /c/", "copy [ \"a b\" , \"c\" ]",
        "add --chown=1:2 a /b", "env A=1 B=\"x  y\" C=$A", "ENV OLD a b", "arg X Y=2", "label a=b 'c d'=e", "workdir /a b", "user a:b", "expose 80 81/udp", "volume /a /b", "cmd a b",
        "ENTRYPOINT [\"a\"]", "healthcheck --retries=3 cmd a b", "healthcheck none", "shell [\"a\",\"-c\"]", "stopsignal TERM", "onbuild run a b", "run <<EOF\n a\n\n b \\\nEOF", "copy <<A <<'B' /c/\n$X\nA\n\ty\nB",
        "# a comment", "#another", "", "if $X == 1\nrun a\nelse\nrun b\nend",
    ];

    private static readonly string[] Gaps = [" ", "  ", "\t", " \\\n", " \\ \t\n   ", "\\\n  ", " \\\n# a comment\n   # another\n  ", " \\\n\n \\\n "];

    private static readonly string[] LineBreaks = ["\n", "\r\n", " \n", "\n\n\n", "\n  "];

    /// <summary>Files that mean something, laid out as badly as can be.</summary>
    private static Arbitrary<string> Layouts =>
        (from directive in Gen.Elements("", "# syntax=kleene\n", "#escape = \\\n\n\n", "\uFEFF")
         from lines in (from instruction in Gen.Elements(Instructions)
                        from gaps in Gen.Elements(Gaps).ListOf(instruction.Count(c => c == ' '))
                        from lineBreak in Gen.Elements(LineBreaks)
                        select Laid(instruction, gaps) + lineBreak).ListOf()
         select directive + "FROM a\n" + string.Concat(lines)).ToArbitrary();

    /// <summary>The blanks of the first line become gaps; heredocs below stay.</summary>
    private static string Laid(string instruction, IReadOnlyList<string> gaps)
    {
        var end = instruction.IndexOf('\n', StringComparison.Ordinal) is >= 0 and var lineBreak && !instruction.StartsWith('#') ? lineBreak : instruction.Length;
        var next = 0;
        return instruction.StartsWith('#') ? instruction : string.Concat(instruction.Select((c, at) => c == ' ' && at < end ? gaps[next++] : c.ToString()));
    }

    [Fact]
    public void What_holds_for_every_text_holds_for_files_laid_out_badly() =>
        Prop.ForAll(Layouts, text => (Invariants.Violation(text) is not { } violation).Label(Invariants.Violation(text) ?? "")).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void What_holds_for_every_text_holds_for_broken_files() =>
        Prop.ForAll(Kleenefiles, text => Invariants.Violation(text) is null).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void Many_of_the_badly_laid_out_files_compile()
    {
        var compiled = Layouts.Generator.Sample(200, 10).Count(text => Given.Compile(text).Plan is not null);

        Assert.InRange(compiled, 50, 200);
    }

    [Fact]
    public void Compiling_never_throws_and_a_plan_means_no_errors()
    {
        Prop.ForAll(Kleenefiles, text =>
        {
            var compilation = Given.Compile(text);
            var printed = DiagnosticFormatter.Format(compilation.Diagnostics) + PlanDump.Json(compilation);
            return printed.Length > 0 && compilation.Plan is null == compilation.HasErrors;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void Tokens_cover_every_character_once_and_in_order()
    {
        Prop.ForAll(Kleenefiles, text =>
        {
            var tokens = LineLexer.Lex(new SourceText("Kleenefile", text), new DiagnosticBag()).Tokens;
            var at = 0;
            foreach (var token in tokens)
            {
                if (token.Span.Start != at || token.Span.Length == 0)
                {
                    return false;
                }

                at = token.Span.End;
            }

            return at == text.Length;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void Every_character_of_an_instruction_knows_its_place()
    {
        Prop.ForAll(Kleenefiles, text =>
        {
            var source = new SourceText("Kleenefile", text);
            var lines = LineLexer.Lex(source, new DiagnosticBag()).Lines;
            return lines.All(line => Enumerable.Range(0, line.Text.Length).All(at => line.SpanOf(at, 1).Text == line.Text[at].ToString()));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    [Fact]
    public void Diagnostics_are_sorted_and_lie_in_the_text()
    {
        Prop.ForAll(Kleenefiles, text =>
        {
            var found = Given.Compile(text).Diagnostics;
            return found.All(diagnostic => diagnostic.Span.End <= text.Length)
                && found.Zip(found.Skip(1)).All(pair => pair.First.Span.Start <= pair.Second.Span.Start);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    [Fact]
    public void A_stage_depends_on_stages_above_it_only()
    {
        Prop.ForAll(WellFormed, text =>
            Given.Compile(text).Plan is not { } plan
            || plan.Stages.All(stage => stage.Dependencies.All(dependency => dependency < stage.Index)
                && (!stage.IsReachable || stage.Dependencies.All(dependency => plan.Stages[dependency].IsReachable))))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    [Fact]
    public void Expanding_a_quoted_value_gives_the_value_back()
    {
        Prop.ForAll(Kleenefiles, text =>
        {
            var quoted = "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
                .Replace("$", "\\$", StringComparison.Ordinal) + "\"";
            return WordExpander.Expand(quoted, new Given.Variables()).Value == text;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }
}
