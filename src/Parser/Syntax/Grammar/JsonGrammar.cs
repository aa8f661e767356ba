using System.Globalization;
using System.Text;
using Sprache;

namespace Kleene.Build.Parser.Syntax.Grammar;

/// <summary>An element of a JSON array; <see cref="IsString"/> is false for everything that may not stand in an exec form.</summary>
internal readonly record struct JsonElementSyntax(Word Word, bool IsString);

/// <summary>JSON (RFC 8259) as far as an instruction needs it: an array, its strings decoded, other values recognised.</summary>
internal static class JsonGrammar
{
    // Values nest through Ref, so the depth of the text is the depth of the stack.
    private const int MaximumDepth = 32;

    private static readonly Parser<JsonElementSyntax> String = ScanString;

    private static readonly Parser<JsonElementSyntax> Scalar = ScanScalar;

    private static readonly Parser<JsonElementSyntax> Value =
        Lexemes.Token(String.Or(Scalar).Or(Parse.Ref(() => Nested!)));

    private static readonly Parser<IEnumerable<JsonElementSyntax>> Elements =
        from open in Symbol('[')
        from elements in Value.DelimitedBy(Symbol(',')).Optional()
        from close in Symbol(']')
        select elements.GetOrElse([]);

    private static readonly Parser<JsonElementSyntax> Member =
        from name in Lexemes.Token(String)
        from colon in Symbol(':')
        from value in Value
        select value;

    private static readonly Parser<IEnumerable<JsonElementSyntax>> Members =
        from open in Symbol('{')
        from members in Member.DelimitedBy(Symbol(',')).Optional()
        from close in Symbol('}')
        select members.GetOrElse([]);

    private static readonly Parser<JsonElementSyntax> Nested = input =>
    {
        var inner = Elements.Or(Members)(input);
        return inner.WasSuccessful
            ? Result.Success(new JsonElementSyntax(((LineInput)input).WordTo(inner.Remainder.Position), IsString: false), inner.Remainder)
            : Result.Failure<JsonElementSyntax>(input, inner.Message, inner.Expectations);
    };

    /// <summary>A whole array and nothing after it.</summary>
    public static readonly Parser<IEnumerable<JsonElementSyntax>> Array =
        from elements in Elements
        from end in Lexemes.End
        select elements;

    public static bool IsTooDeep(ReadOnlySpan<char> text)
    {
        var depth = 0;
        foreach (var c in text)
        {
            if (c is '[' or '{' && ++depth > MaximumDepth)
            {
                return true;
            }

            if (c is ']' or '}')
            {
                depth--;
            }
        }

        return false;
    }

    private static Parser<char> Symbol(char symbol) => Lexemes.Token(Parse.Char(symbol));

    private static IResult<JsonElementSyntax> ScanString(IInput input)
    {
        var at = (LineInput)input;
        var text = at.Source;
        if (at.AtEnd || at.Current != '"')
        {
            return Result.Failure<JsonElementSyntax>(input, "no string", ["a string"]);
        }

        var decoded = new StringBuilder();
        for (var i = at.Position + 1; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '"':
                    var word = at.WordTo(i + 1) with { Text = decoded.ToString() };
                    return Result.Success(new JsonElementSyntax(word, IsString: true), at.MoveTo(i + 1));
                case '\\' when i + 1 < text.Length && Unescape(text, ref i) is { } c:
                    decoded.Append(c);
                    break;
                case '\\' or < ' ':
                    return Result.Failure<JsonElementSyntax>(input, "no string", ["a string"]);
                default:
                    decoded.Append(text[i]);
                    break;
            }
        }

        return Result.Failure<JsonElementSyntax>(input, "an open string", ["\""]);
    }

    private static char? Unescape(string text, ref int at)
    {
        at++;
        switch (text[at])
        {
            case '"' or '\\' or '/':
                return text[at];
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u' when at + 4 < text.Length
                && ushort.TryParse(text.AsSpan(at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit):
                at += 4;
                return (char)unit;
            default:
                return null;
        }
    }

    private static IResult<JsonElementSyntax> ScanScalar(IInput input)
    {
        var at = (LineInput)input;
        var rest = at.Rest;
        var length = 0;
        while (length < rest.Length && (char.IsAsciiLetterOrDigit(rest[length]) || rest[length] is '-' or '+' or '.'))
        {
            length++;
        }

        var word = rest[..length];
        return word is "true" or "false" or "null" || IsNumber(word)
            ? Result.Success(new JsonElementSyntax(at.WordTo(at.Position + length), IsString: false), at.MoveTo(at.Position + length))
            : Result.Failure<JsonElementSyntax>(input, "no value", ["a value"]);
    }

    private static bool IsNumber(ReadOnlySpan<char> word)
    {
        var digits = word is ['-', ..] ? word[1..] : word;
        return digits is [>= '1' and <= '9', ..] or ['0'] or ['0', '.' or 'e' or 'E', ..]
            && char.IsAsciiDigit(word[^1])
            && double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
    }
}
