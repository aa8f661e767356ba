using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Cli.Output;

/// <summary>Writes findings for people, with what to do about each kind of them the first time that it comes up.</summary>
internal sealed class DiagnosticPrinter
{
    private readonly HashSet<DiagnosticRule> explained = [];

    public string Format(Diagnostic diagnostic) => DiagnosticFormatter.Format(diagnostic, withHelp: explained.Add(diagnostic.Rule));

    public string Format(IEnumerable<Diagnostic> diagnostics) => string.Concat(diagnostics.Select(Format));
}
