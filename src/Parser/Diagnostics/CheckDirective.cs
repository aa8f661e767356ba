using System.Collections.Immutable;
using Kleene.Build.Parser.Lexing;

namespace Kleene.Build.Parser.Diagnostics;

/// <summary>What the file says about its own warnings: <c># check=skip=RULE,RULE;error=true</c>.</summary>
internal sealed record CheckDirective(ImmutableHashSet<string> Skipped, bool SkipsAll, bool WarningsAreErrors)
{
    private static readonly CheckDirective Nothing = new([], SkipsAll: false, WarningsAreErrors: false);

    public static CheckDirective Read(ImmutableArray<Directive> directives, DiagnosticBag diagnostics)
    {
        var result = Nothing;
        foreach (var directive in directives.Where(directive => directive.Name == Directives.Check))
        {
            foreach (var option in directive.Value.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                result = result.With(option, directive, diagnostics);
            }
        }

        return result;
    }

    public ImmutableArray<Diagnostic> Apply(ImmutableArray<Diagnostic> found) =>
        this == Nothing ? found : [.. found.Where(Keeps).Select(Raise)];

    private CheckDirective With(string option, Directive directive, DiagnosticBag diagnostics)
    {
        var equals = option.IndexOf('=');
        var name = (equals < 0 ? option : option[..equals]).Trim();
        var value = equals < 0 ? "" : option[(equals + 1)..].Trim();
        switch (name.ToLowerInvariant())
        {
            case "skip" when value.Equals("all", StringComparison.OrdinalIgnoreCase):
                return this with { SkipsAll = true };
            case "skip":
                var names = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
                return this with { Skipped = Skipped.Union(names.Select(rule => rule.ToUpperInvariant())) };
            case "error":
                return this with { WarningsAreErrors = value.Equals("true", StringComparison.OrdinalIgnoreCase) };
            case "experimental":
                // Turns on rules that are still on trial elsewhere; there are none here.
                return this;
            default:
                var suggestion = Suggestion.For(name, ["skip", "error", "experimental"]);
                diagnostics.Report(Rules.UnknownCheck, directive.ValueSpan, $"the check directive has no option '{name}'{suggestion}");
                return this;
        }
    }

    private bool Keeps(Diagnostic diagnostic) =>
        diagnostic.Severity == DiagnosticSeverity.Error
        || !(SkipsAll || Skipped.Contains(diagnostic.Rule.Name.ToUpperInvariant()) || Skipped.Contains(diagnostic.Rule.Id));

    private Diagnostic Raise(Diagnostic diagnostic) =>
        WarningsAreErrors && diagnostic.Severity == DiagnosticSeverity.Warning ? diagnostic with { Severity = DiagnosticSeverity.Error } : diagnostic;
}
