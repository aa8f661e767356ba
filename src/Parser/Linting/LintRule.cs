using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Parser.Linting;

/// <summary>Looks at a file and reports what it does not like.</summary>
internal delegate void LintCheck(LintedFile file, DiagnosticBag found);

/// <summary>A row of <see cref="LintTable"/>.</summary>
/// <param name="Rule">What it reports.</param>
/// <param name="Check">How it is found, in time linear in the length of the file.</param>
internal sealed record LintRule(DiagnosticRule Rule, LintCheck Check);
