using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax;

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
                Rules.LegacyKeyValueFormat, head.TextSpan, $"write '{head.Name} {name.Text}=...' instead of '{head.Name} {name.Text} {Shorten(value.Text)}'");
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

    private static string Shorten(string text) => text.Length <= 20 ? text : text[..20] + "...";
}
