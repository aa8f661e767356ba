using System.Collections.Immutable;
using System.Text;

namespace Kleene.Build.Parser.Syntax;

/// <summary>The value of a <c>--mount</c>: <c>key=value</c> and keys alone, between commas.</summary>
internal sealed record MountSyntax(Word Value, ImmutableArray<MountFieldSyntax> Fields)
{
    /// <summary>
    /// Reads the value as the reference does: quotes that the flag as a whole is written with are taken away first. In what is
    /// left a field may begin with a double quote and have commas up to the next one, as in CSV (RFC 4180).
    /// </summary>
    public static MountSyntax Read(Word value)
    {
        var (text, places) = Unquote(value);
        var fields = ImmutableArray.CreateBuilder<MountFieldSyntax>();
        for (var at = 0; at <= text.Length; at++)
        {
            fields.Add(ReadField(value, text, places, ref at));
        }

        return new MountSyntax(value, fields.ToImmutable());
    }

    /// <summary>The characters that count, and where in the word each of them stands.</summary>
    private static (string Text, List<int> Places) Unquote(Word word)
    {
        var escape = word.Line.Notation.EscapeCharacter;
        var text = new StringBuilder(word.Text.Length);
        var places = new List<int>(word.Text.Length);
        var quote = '\0';
        for (var i = 0; i < word.Text.Length; i++)
        {
            var c = word.Text[i];
            if (quote == '\0' ? c is '"' or '\'' : c == quote)
            {
                quote = quote == '\0' ? c : '\0';
                continue;
            }

            if (c == escape && i + 1 < word.Text.Length)
            {
                c = word.Text[++i];
            }

            text.Append(c);
            places.Add(i);
        }

        return (text.ToString(), places);
    }

    /// <summary>Reads up to the next comma, and leaves the place there.</summary>
    private static MountFieldSyntax ReadField(Word value, string text, List<int> places, ref int at)
    {
        var characters = new StringBuilder();
        var offsets = new List<int>();
        var isQuoted = at < text.Length && text[at] == '"';
        var start = at;
        for (at += isQuoted ? 1 : 0; at < text.Length && (isQuoted || text[at] != ','); at++)
        {
            if (isQuoted && text[at] == '"')
            {
                // Two of them stand for one.
                if (at + 1 >= text.Length || text[at + 1] != '"')
                {
                    isQuoted = false;
                    continue;
                }

                at++;
            }

            characters.Append(text[at]);
            offsets.Add(places[at]);
        }

        if (offsets.Count == 0)
        {
            var place = start < places.Count ? places[start] : value.Length;
            return new MountFieldSyntax(new Word("", value.Line, value.Start + place, 0), null);
        }

        var field = characters.ToString();
        var equals = field.IndexOf('=');
        return equals < 0
            ? new MountFieldSyntax(Part(0, field.Length), null)
            : new MountFieldSyntax(Part(0, equals), Part(equals + 1, field.Length));

        Word Part(int from, int to)
        {
            var first = from < offsets.Count ? offsets[from] : offsets[^1] + 1;
            var end = to > from ? offsets[to - 1] + 1 : first;
            return new Word(field[from..to], value.Line, value.Start + first, end - first);
        }
    }
}

/// <summary>One field of a <c>--mount</c>.</summary>
/// <param name="Key">As written; empty between two commas.</param>
/// <param name="Value">Null where there is no <c>=</c>.</param>
internal sealed record MountFieldSyntax(Word Key, Word? Value)
{
    /// <summary>Keys are the same in capital letters.</summary>
    public string Name => Key.Text.ToLowerInvariant();
}
