using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Formatting;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Tests;

/// <summary>What has to hold for every text whatsoever. The properties ask it of generated files, the fuzz run of broken ones.</summary>
internal static class Invariants
{
    /// <summary>What does not hold; null when all does.</summary>
    public static string? Violation(string text)
    {
        try
        {
            var source = new SourceText("Kleenefile", text);
            var compilation = KleenefileCompiler.Compile(source, CompileOptions.Default);
            return OfTokens(source) ?? OfDiagnostics(compilation) ?? OfPlan(compilation) ?? OfLayout(compilation);
        }
        catch (Exception exception)
        {
            return $"it throws {exception}";
        }
    }

    private static string? OfTokens(SourceText source)
    {
        var at = 0;
        foreach (var token in LineLexer.Lex(source, new DiagnosticBag()).Tokens)
        {
            if (token.Span.Start != at || token.Span.Length == 0)
            {
                return $"the token {token.Kind} covers {token.Span.Start}..{token.Span.End}, and the one before it ends at {at}";
            }

            at = token.Span.End;
        }

        return at == source.Text.Length ? null : $"no token covers what follows character {at}";
    }

    private static string? OfDiagnostics(Compilation compilation)
    {
        var start = 0;
        foreach (var diagnostic in compilation.Diagnostics)
        {
            if (diagnostic.Span.End > compilation.Source.Text.Length || diagnostic.Span.Start < start)
            {
                return $"'{diagnostic.Message}' lies outside the text or behind the next one";
            }

            start = diagnostic.Span.Start;
        }

        return DiagnosticFormatter.Format(compilation.Diagnostics).Length == 0 == compilation.Diagnostics.IsEmpty ? null : "the diagnostics print nothing";
    }

    private static string? OfPlan(Compilation compilation)
    {
        if (compilation.Plan is null != compilation.HasErrors)
        {
            return compilation.HasErrors ? "there is a plan in spite of errors" : "there are neither a plan nor errors";
        }

        foreach (var stage in compilation.Plan?.Stages ?? [])
        {
            if (stage.Dependencies.Any(dependency => dependency >= stage.Index))
            {
                return $"stage {stage.Index} depends on one that is not above it";
            }
        }

        return null;
    }

    private static string? OfLayout(Compilation compilation)
    {
        if (KleenefileFormatter.Format(compilation.Source).Text is not { } layout)
        {
            return compilation.HasErrors ? null : "it compiles and has no layout";
        }

        var again = new SourceText(compilation.Source.Path, layout);
        return KleenefileFormatter.Format(again).Text is not { } twice ? $"the layout cannot be read:\n{layout}"
            : twice != layout ? $"formatting twice changes it again:\n{layout}---\n{twice}"
            : PlanMeaning.Of(KleenefileCompiler.Compile(again, CompileOptions.Default)) != PlanMeaning.Of(compilation) ? $"formatting changes the plan:\n{layout}"
            : null;
    }
}
