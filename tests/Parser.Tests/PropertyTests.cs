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
