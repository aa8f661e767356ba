using System.Buffers;
using System.Globalization;
using System.Text;

namespace Kleene.Build.Cli.Output;

/// <summary>
/// Makes text that others wrote safe to show where it shares the screen with ours: what would move the cursor, clear the screen or
/// set the window's title (ECMA-48 calls them control functions) is taken out or spelt out.
/// </summary>
internal static class VisibleText
{
    private const int TabWidth = 8;
    private const char Escape = '\x1b';
    private const char Bell = '\a';

    /// <summary>Controls of both sets (C0, DEL, C1), and the marks that turn the direction of writing.</summary>
    private static readonly SearchValues<char> Unsafe = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Append(0x7f).Concat(Enumerable.Range(0x80, 0x20)).Concat(Enumerable.Range(0x202a, 5)).Concat(Enumerable.Range(0x2066, 4)).Select(code => (char)code)]);

    /// <summary>
    /// A line of a program's output as a terminal would leave it: of a line that was written over, what was written last; tabs as
    /// spaces; without colours and other sequences. Controls that are left are spelt <c>\xNN</c>.
    /// </summary>
    public static string OfLine(string text)
    {
        if (!text.AsSpan().ContainsAny(Unsafe))
        {
            return text;
        }

        // A progress bar writes its line again and again, with a carriage return between.
        var line = text.TrimEnd('\r');
        return Spell(line[(line.LastIndexOf('\r') + 1)..]);
    }

    /// <summary>Text of several lines as one, for a cell of a table.</summary>
    public static string InOneLine(string text) =>
        text.AsSpan().ContainsAny(Unsafe) ? Spell(text.Replace("\r\n", " ", StringComparison.Ordinal).Replace('\n', ' ').Replace('\r', ' ')) : text;

    /// <summary>Text of which only the line breaks mean something.</summary>
    public static string OfLines(string text) => string.Join('\n', text.Split('\n').Select(OfLine));

    private static string Spell(string text)
    {
        var shown = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\t':
                    shown.Append(' ', TabWidth - (shown.Length % TabWidth));
                    break;
                case Escape:
                    i = EndOfSequence(text, i);
                    break;
                case var c when Unsafe.Contains(c):
                    shown.Append(c < 0x100 ? "\\x" : "\\u").Append(((int)c).ToString(c < 0x100 ? "x2" : "x4", CultureInfo.InvariantCulture));
                    break;
                case var c:
                    shown.Append(c);
                    break;
            }
        }

        return shown.ToString();
    }

    /// <summary>The place of the last character of an escape sequence (ECMA-48, 5.3 to 5.6). One that does not end takes the rest.</summary>
    private static int EndOfSequence(string text, int escape)
    {
        if (escape + 1 >= text.Length)
        {
            return escape;
        }

        var i = escape + 1;
        switch (text[i])
        {
            case '[':
                // CSI: parameters and intermediates, then one final character.
                do
                {
                    i++;
                }
                while (i < text.Length && text[i] is >= ' ' and <= '?');
                return i;
            case ']' or 'P' or '_' or '^' or 'X':
                // A string (a title, a link): up to ST, which is ESC and a backslash, or the bell.
                while (++i < text.Length && text[i] != Bell)
                {
                    if (text[i] == Escape)
                    {
                        return Math.Min(i + 1, text.Length - 1);
                    }
                }

                return i;
            default:
                while (i < text.Length && text[i] is >= ' ' and <= '/')
                {
                    i++;
                }

                return i;
        }
    }
}
