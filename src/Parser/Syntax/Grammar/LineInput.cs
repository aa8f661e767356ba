using Kleene.Build.Parser.Lexing;
using Sprache;

namespace Kleene.Build.Parser.Syntax.Grammar;

/// <summary>
/// A place in a logical line as the combinators see it. Unlike the library's own input it can move over a whole word at once
/// and makes its table of memos only when one is wanted, so that a long RUN costs one object and not two for each character.
/// </summary>
internal sealed class LineInput(LogicalLine line, int position) : IInput
{
    public LogicalLine LogicalLine => line;

    public char Escape => line.Notation.EscapeCharacter;

    public string Source => line.Text;

    public int Position => position;

    public bool AtEnd => position >= line.Text.Length;

    public char Current => line.Text[position];

    public int Line => 1;

    public int Column => position + 1;

    /// <summary>Where the library notes which recursive parsers it is inside of.</summary>
    public IDictionary<object, object> Memos => field ??= new Dictionary<object, object>();

    public ReadOnlySpan<char> Rest => line.Text.AsSpan(position);

    public IInput Advance() => MoveTo(position + 1);

    public LineInput MoveTo(int next) => new(line, next);

    public Word WordTo(int end) => new(line.Text[position..end], line, position, end - position);

    public bool Equals(IInput? other) => other is LineInput that && that.Position == position && ReferenceEquals(that.LogicalLine, line);

    public override bool Equals(object? obj) => obj is IInput other && Equals(other);

    public override int GetHashCode() => position;
}
