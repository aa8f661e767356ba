using System.Collections.Immutable;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Diagnostics;

/// <summary>Carries out the corrections that findings bring along.</summary>
public static class Fixes
{
    /// <summary>
    /// The edits of one text that can be made at once, in its order. A finding whose edits touch those of an earlier one waits
    /// for the next round: what it says of the text may no longer hold.
    /// </summary>
    /// <param name="source">The text.</param>
    /// <param name="findings">What was found in it and elsewhere.</param>
    /// <param name="corrected">How many of the findings the edits correct.</param>
    public static ImmutableArray<TextEdit> Choose(SourceText source, IEnumerable<Diagnostic> findings, out int corrected)
    {
        corrected = 0;
        var chosen = new List<TextEdit>();
        foreach (var finding in findings.Where(finding => finding.HasFix && finding.Fix.All(edit => ReferenceEquals(edit.Span.Source, source))))
        {
            if (!finding.Fix.Any(edit => chosen.Any(other => Touch(edit.Span, other.Span))))
            {
                chosen.AddRange(finding.Fix);
                corrected++;
            }
        }

        return [.. chosen.OrderBy(edit => edit.Span.Start)];
    }

    /// <summary>The text with edits made that do not touch each other and are in its order.</summary>
    public static string Apply(SourceText source, ImmutableArray<TextEdit> edits)
    {
        var at = 0;
        var text = new System.Text.StringBuilder(source.Text.Length);
        foreach (var edit in edits)
        {
            text.Append(source.Text, at, edit.Span.Start - at).Append(edit.NewText);
            at = edit.Span.End;
        }

        return text.Append(source.Text, at, source.Text.Length - at).ToString();
    }

    private static bool Touch(TextSpan left, TextSpan right) => left.Start <= right.End && right.Start <= left.End;
}
