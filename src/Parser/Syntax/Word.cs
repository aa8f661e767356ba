using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Syntax;

/// <summary>A word of an instruction as written, quotes and variables included, and its place.</summary>
/// <param name="Text">The characters; decoded where the word was an element of a JSON array.</param>
/// <param name="Line">The line it stands on.</param>
/// <param name="Start">Where it begins in the text of the line.</param>
/// <param name="Length">How much of the line it takes.</param>
internal readonly record struct Word(string Text, LogicalLine Line, int Start, int Length)
{
    /// <summary>What becomes of the characters.</summary>
    public WordReading Reading { get; init; } = WordReading.Expanded;

    public TextSpan Span => Line.SpanOf(Start, Length);

    /// <summary>The place of a part of the word; the whole word where decoding has moved the characters.</summary>
    public TextSpan SpanOf(int offset, int length) => Text.Length == Length ? Line.SpanOf(Start + offset, length) : Span;

    /// <summary>Writes something else in its place; null where it is not written as it reads: over several lines, or decoded.</summary>
    public TextEdit? Replace(string text) => Span.Text == Text ? new TextEdit(Span, text) : null;

    public Word Slice(int start, int end) => new(Text[start..end], Line, Start + start, end - start);
}
