using System.Collections.Immutable;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Diagnostics;

/// <summary>One finding in a Kleenefile.</summary>
/// <param name="Rule">What kind of finding it is.</param>
/// <param name="Span">The characters to look at.</param>
/// <param name="Message">Lower case, no final stop, names in quotes.</param>
public sealed record Diagnostic(DiagnosticRule Rule, TextSpan Span, string Message)
{
    /// <summary>The span of a finding about what was asked for and not about the text, such as an unknown target.</summary>
    public static TextSpan WholeRequest(SourceText file) => new(file, 0, 0);

    /// <summary>The text it was found in: the Kleenefile, or one that it includes.</summary>
    public SourceText Source => Span.Source;

    /// <summary>The rule's, unless the file's <c>check=error=true</c> raised it.</summary>
    public DiagnosticSeverity Severity { get; init; } = Rule.Severity;

    /// <summary>The edits that correct it, all or none of them; empty where only the author knows what is meant.</summary>
    public ImmutableArray<TextEdit> Fix { get; init; } = [];

    public bool HasFix => !Fix.IsEmpty;
}
