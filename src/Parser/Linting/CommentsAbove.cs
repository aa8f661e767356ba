using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Linting;

/// <summary>Finds the comment that belongs to an instruction: the lines above it, up to an empty comment or another instruction.</summary>
internal static class CommentsAbove
{
    /// <summary>Whole lines, the nearest first.</summary>
    public static IEnumerable<TextSpan> Of(InstructionHead head)
    {
        var source = head.Line.Source;
        for (var number = head.Keyword.Span.StartPosition.Line - 1; number > 0; number--)
        {
            var line = source.LineSpan(number);
            var content = source.Text.AsSpan(line.Start, line.Length).Trim();
            if (content is "#" || (content.Length > 0 && content[0] != '#'))
            {
                yield break;
            }

            if (content.Length > 0)
            {
                yield return line;
            }
        }
    }
}
