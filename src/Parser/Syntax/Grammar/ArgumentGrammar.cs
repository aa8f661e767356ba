using System.Collections.Immutable;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Text;
using Sprache;

namespace Kleene.Build.Parser.Syntax.Grammar;

/// <summary>What FROM takes.</summary>
internal sealed record FromArguments(Word Image, Word? Name);

/// <summary>NAME=value pairs, or the old form of one pair with a blank between.</summary>
internal sealed record PairArguments(ImmutableArray<PairSyntax> Pairs, bool IsLegacy);

/// <summary>
/// The shapes that arguments have. This class is the whole seam to the combinator library: nothing outside this folder knows of it.
/// What stands in every file, such as keywords and commands, is read word by word without it: the library makes a dozen objects for each line.
/// </summary>
internal static class ArgumentGrammar
{
    private static readonly Parser<IReadOnlyList<Word>> WordsParser =
        from words in Lexemes.Token(Lexemes.PlainWord).AtLeastOnce()
        from end in Lexemes.End
        select words.ToList();

    private static readonly Parser<IReadOnlyList<Word>> QuotedWordsParser =
        from words in Lexemes.Token(Lexemes.QuotedWord).Many()
        from end in Lexemes.End
        select words.ToList();

    private static readonly Parser<PairSyntax> Pair =
        Lexemes.Token(Lexemes.QuotedWord).Where(word => word.Text.IndexOf('=') >= 0).Select(ToPair);

    private static readonly Parser<PairArguments> OldPair =
        from name in Lexemes.Token(Lexemes.PlainWord).Where(word => !word.Text.Contains('='))
        from value in Lexemes.Token(Lexemes.Text)
        select new PairArguments([new PairSyntax(name, value)], IsLegacy: true);

    private static readonly Parser<PairArguments> PairsParser =
        (from pairs in Pair.AtLeastOnce()
         from end in Lexemes.End
         select new PairArguments([.. pairs], IsLegacy: false))
        .Or(OldPair);

    private static readonly Parser<IReadOnlyList<PairSyntax>> DeclarationsParser =
        from pairs in Lexemes.Token(Lexemes.QuotedWord).Select(ToPair).AtLeastOnce()
        from end in Lexemes.End
        select pairs.ToList();

    /// <summary>The keyword, the flags and where the arguments begin. The keyword is empty where the line ends.</summary>
    public static (Word Keyword, ImmutableArray<FlagSyntax> Flags, int ArgumentsStart) Head(LogicalLine line, int start)
    {
        var reader = new WordScanner(line, start);
        if (reader.TryPlain() is not { } keyword)
        {
            return (new LineInput(line, start).WordTo(line.Text.Length), [], line.Text.Length);
        }

        var flags = ImmutableArray.CreateBuilder<FlagSyntax>();
        while (reader.TryFlag() is { } flag)
        {
            flags.Add(ToFlag(flag));
        }

        reader.SkipEndOfFlags();
        return (keyword, flags.DrainToImmutable(), reader.Position);
    }

    /// <summary>An image, and the name behind AS.</summary>
    public static GrammarResult<FromArguments> From(InstructionHead head)
    {
        var reader = new WordScanner(head.Line, head.ArgumentsStart);
        if (reader.TryPlain() is not { } image)
        {
            return new(null, EndOf(head));
        }

        Word? name = null;
        if (reader.TryPlain() is { } keyword)
        {
            if (!keyword.Text.Equals("AS", StringComparison.OrdinalIgnoreCase))
            {
                return new(null, keyword);
            }

            name = reader.TryPlain();
            if (name is null)
            {
                return new(null, EndOf(head));
            }
        }

        return reader.TryPlain() is { } more ? new(null, more) : new(new FromArguments(image, name), default);
    }

    /// <summary>One or more words between blanks.</summary>
    public static GrammarResult<IReadOnlyList<Word>> Words(InstructionHead head) => Run(WordsParser, head);

    /// <summary>Words between blanks that are neither quoted nor escaped; there may be none.</summary>
    public static IReadOnlyList<Word> QuotedWords(InstructionHead head) => Run(QuotedWordsParser, head).Value ?? [];

    /// <summary>One or more words between blanks, or the strings of a JSON array.</summary>
    public static GrammarResult<IReadOnlyList<Word>> WordsOrArray(InstructionHead head) =>
        Array(head) is { } elements && elements.All(element => element.IsString)
            ? new([.. elements.Select(element => element.Word)], default)
            : Words(head);

    /// <summary>Everything after the keyword and the flags.</summary>
    public static Word? Text(InstructionHead head) => new WordScanner(head.Line, head.ArgumentsStart).TryRest();

    /// <summary>NAME=value pairs, or <c>NAME value</c>.</summary>
    public static GrammarResult<PairArguments> Pairs(InstructionHead head) => Run(PairsParser, head);

    /// <summary>NAME or NAME=value, one or more.</summary>
    public static GrammarResult<IReadOnlyList<PairSyntax>> Declarations(InstructionHead head) => Run(DeclarationsParser, head);

    /// <summary>The elements of a JSON array, or null when the arguments are not one.</summary>
    public static IReadOnlyList<JsonElementSyntax>? Array(InstructionHead head)
    {
        var start = Start(head);
        if (start.Rest is not ['[', ..] || JsonGrammar.IsTooDeep(start.Rest))
        {
            return null;
        }

        var result = JsonGrammar.Array(start);
        return result.WasSuccessful ? [.. result.Value] : null;
    }

    /// <summary>Whether a text of its own is an array that an instruction would take.</summary>
    public static bool IsArrayOfStrings(string text)
    {
        var line = new LogicalLine(Notation.Default, [new TextSpan(new SourceText("", text), 0, text.Length)]);
        var result = JsonGrammar.Array(new LineInput(line, 0));
        return result.WasSuccessful && result.Value.All(element => element.IsString);
    }

    private static GrammarResult<T> Run<T>(Parser<T> parser, InstructionHead head)
        where T : class
    {
        var start = Start(head);
        var result = parser(start);
        if (result.WasSuccessful)
        {
            return new(result.Value, default);
        }

        var stopped = Lexemes.Token(Lexemes.PlainWord)(result.Remainder);
        return new(null, stopped.WasSuccessful ? stopped.Value : EndOf(head));
    }

    /// <summary>The empty word after the last character.</summary>
    private static Word EndOf(InstructionHead head)
    {
        var end = head.Line.Text.AsSpan().TrimEnd().Length;
        return new Word("", head.Line, end, 0);
    }

    private static LineInput Start(InstructionHead head) => new(head.Line, head.ArgumentsStart);

    private static FlagSyntax ToFlag(Word word)
    {
        var equals = word.Text.IndexOf('=');
        return equals < 0
            ? new FlagSyntax(word.Text[2..], word, null)
            : new FlagSyntax(word.Text[2..equals], word, word.Slice(equals + 1, word.Text.Length));
    }

    private static PairSyntax ToPair(Word word)
    {
        var equals = word.Text.IndexOf('=');
        return equals < 0
            ? new PairSyntax(word, null)
            : new PairSyntax(word.Slice(0, equals), word.Slice(equals + 1, word.Text.Length));
    }
}
