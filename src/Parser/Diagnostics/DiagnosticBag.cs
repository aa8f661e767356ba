using System.Collections.Immutable;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Diagnostics;

/// <summary>Collects findings while a file is compiled; nothing is thrown.</summary>
internal sealed class DiagnosticBag
{
    private readonly List<Diagnostic> found = [];

    /// <summary>How many there are; what is found later has a higher number.</summary>
    public int Count => found.Count;

    /// <param name="rule">What kind of finding it is.</param>
    /// <param name="span">The characters to look at.</param>
    /// <param name="message">Lower case, no final stop, names in quotes.</param>
    /// <param name="fix">What corrects it, where that needs no thought.</param>
    public void Report(DiagnosticRule rule, TextSpan span, string message, TextEdit? fix = null) =>
        Report(rule, span, message, fix is null ? [] : ImmutableArray.Create(fix));

    /// <summary>The same for a correction in several places.</summary>
    public void Report(DiagnosticRule rule, TextSpan span, string message, ImmutableArray<TextEdit> fix)
    {
        if (!span.Source.IsTrigger)
        {
            found.Add(new Diagnostic(rule, span, message) { Fix = fix });
        }
        else if (rule.Severity == DiagnosticSeverity.Error && span.Source.Origin is { } from)
        {
            // The author of this file cannot change the base image's words, so advice about them would be in vain.
            found.Add(new Diagnostic(rule, from, $"in '{span.Source.Path}' of the base: {message}"));
        }
    }

    /// <summary>Takes back what turned out not to matter.</summary>
    public void Forget(Func<Diagnostic, int, bool> match)
    {
        var number = 0;
        found.RemoveAll(diagnostic => match(diagnostic, number++));
    }

    public ImmutableArray<Diagnostic> ToSorted() => Sort(found);

    /// <summary>In the order of the file, an included one at the place of its INCLUDE; findings at one place stay in the order they were made.</summary>
    public static ImmutableArray<Diagnostic> Sort(IEnumerable<Diagnostic> diagnostics) => [.. diagnostics.OrderBy(diagnostic => diagnostic.Span, ReadingOrder.Instance)];
}
