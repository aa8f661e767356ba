namespace Kleene.Build.Parser.Diagnostics;

/// <summary>How much a finding weighs: with one error there is no plan.</summary>
public enum DiagnosticSeverity
{
    Info,
    Warning,
    Error,
}
