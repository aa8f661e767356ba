using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Linting.Checks;

/// <summary>A rule that a file names to be left alone by it.</summary>
internal sealed record RuleMention(DiagnosticRule Rule, TextSpan Span)
{
    /// <summary>Whether it has kept a finding back.</summary>
    public bool IsUsed { get; set; }
}
