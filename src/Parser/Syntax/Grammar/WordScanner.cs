using Kleene.Build.Parser.Lexing;

namespace Kleene.Build.Parser.Syntax.Grammar;

/// <summary>Reads the words of a line one after another, without combinators. What is not of the kind that is asked for stays to be read.</summary>
internal struct WordScanner(LogicalLine line, int start)
{
    /// <summary>Where the next word begins, or the text ends.</summary>
    public int Position { get; private set; } = Lexemes.SkipBlanks(line.Text, start);

    private readonly ReadOnlySpan<char> Rest => line.Text.AsSpan(Position);

    /// <summary>Characters up to the next blank; quotes mean nothing here.</summary>
    public Word? TryPlain() => TakeTo(Lexemes.PlainEnd(line.Text, Position));

    /// <summary>A word that begins with two dashes and has something after them.</summary>
    public Word? TryFlag() =>
        Rest is ['-', '-', not (' ' or '\t'), ..] ? TakeTo(Lexemes.QuotedEnd(line.Text, Position, line.Notation.EscapeCharacter)) : null;

    /// <summary>Everything that is left, without the blanks at the end.</summary>
    public Word? TryRest() => TakeTo(Math.Max(Position, line.Text.AsSpan().TrimEnd().Length));

    /// <summary>Two dashes that say: no flags after this.</summary>
    public void SkipEndOfFlags()
    {
        if (Rest is ['-', '-'] or ['-', '-', ' ' or '\t', ..])
        {
            Position = Lexemes.SkipBlanks(line.Text, Position + 2);
        }
    }

    private Word? TakeTo(int end)
    {
        if (end == Position)
        {
            return null;
        }

        var word = new Word(line.Text[Position..end], line, Position, end - Position);
        Position = Lexemes.SkipBlanks(line.Text, end);
        return word;
    }
}
