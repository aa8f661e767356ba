using System.Collections.Immutable;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Diagnostics;

/// <summary>Collects findings while a file is compiled; nothing is thrown.</summary>
internal sealed class DiagnosticBag
{
    private readonly List<Diagnostic> found = [];

    /// <param name="rule">What kind of finding it is.</param>
    /// <param name="span">The characters to look at.</param>
    /// <param name="message">Lower case, no final stop, names in quotes.</param>
    /// <param name="fix">What corrects it, where that needs no thought.</param>
    public void Report(DiagnosticRule rule, TextSpan span, string message, TextEdit? fix = null) =>
        found.Add(new Diagnostic(rule, span, message) { Fix = fix is null ? [] : [fix] });

    /// <summary>The same for a correction in several places.</summary>
    public void Report(DiagnosticRule rule, TextSpan span, string message, ImmutableArray<TextEdit> fix) =>
        found.Add(new Diagnostic(rule, span, message) { Fix = fix });

    /// <summary>Takes back what turned out not to matter.</summary>
    public void Forget(Predicate<Diagnostic> match) => found.RemoveAll(match);

    public ImmutableArray<Diagnostic> ToSorted() => Sort(found);

    /// <summary>In the order of the file; findings at one place stay in the order they were made.</summary>
    public static ImmutableArray<Diagnostic> Sort(IEnumerable<Diagnostic> diagnostics) =>
        [.. diagnostics.OrderBy(diagnostic => diagnostic.Span.Start).ThenBy(diagnostic => diagnostic.Span.End)];
}
