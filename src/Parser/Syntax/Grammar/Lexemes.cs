using Kleene.Build.Parser.Lexing;
using Sprache;

namespace Kleene.Build.Parser.Syntax.Grammar;

/// <summary>The smallest parsers: each scans its characters in one go and yields a word or moves on.</summary>
internal static class Lexemes
{
    /// <summary>Zero or more blanks.</summary>
    public static readonly Parser<int> Blanks = input =>
    {
        var at = (LineInput)input;
        var end = SkipBlanks(at.Source, at.Position);
        return end == at.Position ? Result.Success(0, at) : Result.Success(end - at.Position, at.MoveTo(end));
    };

    /// <summary>Characters up to the next blank; quotes mean nothing here.</summary>
    public static readonly Parser<Word> PlainWord = input => Scan(input, "a word", static (text, at, _) => PlainEnd(text, at));

    /// <summary>Characters up to the next blank that is neither quoted nor escaped.</summary>
    public static readonly Parser<Word> QuotedWord = input => Scan(input, "a word", QuotedEnd);

    /// <summary>Everything that is left, without the blanks at the end; at least one character.</summary>
    public static readonly Parser<Word> Text = input => Scan(input, "text", static (text, _, _) => text.AsSpan().TrimEnd().Length);

    /// <summary>Succeeds at the end of the line, blanks aside.</summary>
    public static readonly Parser<int> End = input =>
        SkipBlanks(input.Source, input.Position) == input.Source.Length
            ? Result.Success(0, input)
            : Result.Failure<int>(input, "unexpected text", ["the end of the line"]);

    public static Parser<T> Token<T>(Parser<T> parser) =>
        from leading in Blanks
        from item in parser
        select item;

    private static IResult<Word> Scan(IInput input, string expectation, Func<string, int, char, int> findEnd)
    {
        var at = (LineInput)input;
        var end = at.AtEnd ? at.Position : findEnd(at.Source, at.Position, at.Escape);
        return end > at.Position
            ? Result.Success(at.WordTo(end), at.MoveTo(end))
            : Result.Failure<Word>(at, $"expected {expectation}", [expectation]);
    }

    public static int SkipBlanks(string text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        return at;
    }

    public static int PlainEnd(string text, int at)
    {
        while (at < text.Length && !char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        return at;
    }

    /// <summary>Expansion reports a quote that is left open.</summary>
    public static int QuotedEnd(string text, int at, char escape) => ShellWord.End(text, at, escape, out _);
}
