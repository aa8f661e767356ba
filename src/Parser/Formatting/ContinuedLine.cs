using System.Collections.Immutable;
using Kleene.Build.Parser.Lexing;

namespace Kleene.Build.Parser.Formatting;

/// <summary>A place at which the author went on in the next line, and the comments between.</summary>
/// <param name="Offset">Where it is in the joined text.</param>
/// <param name="Comments">Without their indentation.</param>
internal readonly record struct Break(int Offset, ImmutableArray<string> Comments);

/// <summary>An instruction with what the joining of its lines has left out.</summary>
internal sealed class ContinuedLine
{
    private readonly List<Break> breaks = [];

    /// <param name="line">The joined line.</param>
    /// <param name="tokens">The tokens from its first to its last character.</param>
    public ContinuedLine(LogicalLine line, ReadOnlySpan<SourceToken> tokens)
    {
        Text = line.Text;
        var offset = 0;
        foreach (var token in tokens)
        {
            switch (token.Kind)
            {
                case SourceTokenKind.Instruction:
                    offset += token.Span.Length;
                    break;
                case SourceTokenKind.Continuation when breaks.Count == 0 || breaks[^1].Offset < offset:
                    breaks.Add(new Break(offset, []));
                    break;
                case SourceTokenKind.Comment:
                    breaks[^1] = breaks[^1] with { Comments = breaks[^1].Comments.Add(token.Span.Text.TrimEnd()) };
                    break;
                default:
                    break;
            }
        }
    }

    public string Text { get; }

    /// <summary>Where the line goes on below, in order; two at one place count as one.</summary>
    public IReadOnlyList<Break> Breaks => breaks;

    /// <summary>The blanks that a line begins with which goes on at an offset.</summary>
    public string IndentationAt(int offset)
    {
        var end = offset;
        while (end < Text.Length && Text[end] is ' ' or '\t')
        {
            end++;
        }

        return Text[offset..end];
    }
}
