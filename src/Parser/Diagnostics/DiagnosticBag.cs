using System.Collections.Immutable;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Diagnostics;

/// <summary>Collects findings while a file is compiled; nothing is thrown.</summary>
internal sealed class DiagnosticBag
{
    private readonly List<Diagnostic> found = [];

    public void Report(DiagnosticRule rule, TextSpan span, string message) => found.Add(new Diagnostic(rule, span, message));

    /// <summary>Takes back what turned out not to matter.</summary>
    public void Forget(Predicate<Diagnostic> match) => found.RemoveAll(match);

    /// <summary>In the order of the file; findings at one place stay in the order they were made.</summary>
    public ImmutableArray<Diagnostic> ToSorted() => [.. found.OrderBy(diagnostic => diagnostic.Span.Start).ThenBy(diagnostic => diagnostic.Span.End)];
}
