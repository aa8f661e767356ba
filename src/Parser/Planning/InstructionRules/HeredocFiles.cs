using System.Collections.Immutable;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Heredocs that become files of the image: variables are replaced in their bodies unless the name is quoted.</summary>
internal static class HeredocFiles
{
    /// <summary>Null when a body cannot be expanded; that has been reported.</summary>
    public static ImmutableArray<PlannedHeredoc>? Of(ImmutableArray<HeredocSyntax> heredocs, StagePlanner stage)
    {
        var files = heredocs.Select(heredoc => Of(heredoc, stage)).ToList();
        return files.Contains(null) ? null : [.. files.OfType<PlannedHeredoc>()];
    }

    private static PlannedHeredoc? Of(HeredocSyntax heredoc, StagePlanner stage)
    {
        var line = heredoc.Content();
        if (heredoc.IsQuoted)
        {
            return new PlannedHeredoc(heredoc.Name, line.Text, Expand: false);
        }

        return stage.ExpandText(new Word(line.Text, line, 0, line.Text.Length)) is { Value: var content }
            ? new PlannedHeredoc(heredoc.Name, content, Expand: true)
            : null;
    }
}
