using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>The author of the image (image-spec, config.md); a label says it too and can be asked for (annotations.md).</summary>
internal static class MaintainerRule
{
    private const string Authors = "org.opencontainers.image.authors";

    public static void Plan(MaintainerSyntax syntax, StagePlanner stage)
    {
        stage.Report(Rules.MaintainerDeprecated, syntax.Head.Keyword.Span, $"MAINTAINER is deprecated; write LABEL {Authors}=\"...\"", AsLabel(syntax));

        // Like the text of a command, the name is taken as it stands.
        stage.Config = stage.Config with { Author = syntax.Name.Text };
    }

    /// <summary>The same as a label. Its value is a word like others, so what means something in words has to be escaped.</summary>
    private static TextEdit? AsLabel(MaintainerSyntax syntax)
    {
        var (head, escape) = (syntax.Head, syntax.Head.Line.Notation.EscapeCharacter);
        var value = string.Concat(syntax.Name.Text.Select(c => c is '"' or '$' || c == escape ? $"{escape}{c}" : c.ToString()));
        var keyword = head.Keyword.Text == "maintainer" ? "label" : "LABEL";
        var whole = new Word(head.Line.Text[head.Keyword.Start..(syntax.Name.Start + syntax.Name.Length)], head.Line, head.Keyword.Start, syntax.Name.Start + syntax.Name.Length - head.Keyword.Start);
        return whole.Replace($"{keyword} {Authors}=\"{value}\"");
    }
}
