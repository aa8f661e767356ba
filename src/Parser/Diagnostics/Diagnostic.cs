using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Diagnostics;

/// <summary>One finding in a Kleenefile.</summary>
/// <param name="Rule">What kind of finding it is.</param>
/// <param name="Span">The characters to look at.</param>
/// <param name="Message">Lower case, no final stop, names in quotes.</param>
public sealed record Diagnostic(DiagnosticRule Rule, TextSpan Span, string Message)
{
    /// <summary>The span of a finding about what was asked for and not about the text, such as an unknown target.</summary>
    public static readonly TextSpan WholeRequest = new(0, 0);

    /// <summary>The rule's, unless the file's <c>check=error=true</c> raised it.</summary>
    public DiagnosticSeverity Severity { get; init; } = Rule.Severity;
}
