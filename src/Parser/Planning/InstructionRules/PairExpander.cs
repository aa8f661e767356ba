using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Expands the pairs of ENV and LABEL, all of them in the environment from before the instruction.</summary>
internal static class PairExpander
{
    public static List<(string Name, PlannedWord Value)> Expand(InstructionHead head, ImmutableArray<PairSyntax> pairs, bool isLegacy, StagePlanner stage)
    {
        if (isLegacy)
        {
            var (name, value) = (pairs[0].Name, pairs[0].Value!.Value);    // the old form always has a value
            stage.Report(
                Rules.LegacyKeyValueFormat, head.TextSpan, $"write '{head.Name} {name.Text}=...' instead of '{head.Name} {name.Text} {Shorten(value.Text)}'",
                WithEquals(head, name, value));
        }

        var expanded = new List<(string, PlannedWord)>();
        foreach (var pair in pairs)
        {
            var name = stage.Expand(pair.Name)?.Value;
            var value = pair.Value is { } written ? stage.Expand(written) : null;
            if (name is { Length: 0 })
            {
                stage.Report(Rules.InvalidName, pair.Name.Span, "the name before '=' is empty");
            }
            else if (name is not null && value is { } known)
            {
                expanded.Add((name, known));
            }
        }

        return expanded;
    }

    /// <summary>The same as <c>NAME=value</c>; null where quotes and blanks are mixed so that it would read worse than before.</summary>
    private static TextEdit? WithEquals(InstructionHead head, Word name, Word value)
    {
        var end = value.Start + value.Length;
        var whole = new Word(head.Line.Text[name.Start..end], head.Line, name.Start, end - name.Start);
        var isOneWord = ShellWord.End(value.Text, 0, head.Line.Notation.EscapeCharacter, out var isClosed) == value.Text.Length && isClosed;
        if (head.Dialect != Dialect.Docker || (!isOneWord && (value.Text.AsSpan().IndexOfAny('"', '\'') >= 0 || value.Text.Contains(head.Line.Notation.EscapeCharacter))))
        {
            return null;
        }

        return whole.Replace(isOneWord ? $"{name.Text}={value.Text}" : $"{name.Text}=\"{value.Text}\"");
    }

    private static string Shorten(string text) => text.Length <= 20 ? text : text[..20] + "...";
}
