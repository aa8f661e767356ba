using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Lexing;

/// <summary>A <c># name=value</c> line at the very top of the file.</summary>
internal sealed record Directive(string Name, string Value, TextSpan NameSpan, TextSpan ValueSpan);

/// <summary>Recognises parser directives: known names only, anything else is a comment.</summary>
internal static class Directives
{
    public const string Escape = "escape";
    public const string Syntax = "syntax";
    public const string Check = "check";

    /// <summary>The directive on a line, or null when the line is not one.</summary>
    public static Directive? Recognise(TextSpan line)
    {
        var (source, text) = (line.Source, line.Source.Text);
        var at = SkipBlanks(text, line.Start, line.End);
        if (at == line.End || text[at] != '#')
        {
            return null;
        }

        var nameStart = SkipBlanks(text, at + 1, line.End);
        var nameEnd = nameStart;
        while (nameEnd < line.End && char.IsAsciiLetterOrDigit(text[nameEnd]))
        {
            nameEnd++;
        }

        var equals = SkipBlanks(text, nameEnd, line.End);
        if (equals == line.End || text[equals] != '=')
        {
            return null;
        }

        var valueStart = SkipBlanks(text, equals + 1, line.End);
        var valueEnd = line.End;
        while (valueEnd > valueStart && char.IsWhiteSpace(text[valueEnd - 1]))
        {
            valueEnd--;
        }

        var name = text[nameStart..nameEnd].ToLowerInvariant();
        return valueStart == valueEnd || name is not (Escape or Syntax or Check)
            ? null
            : new Directive(name, text[valueStart..valueEnd], new TextSpan(source, nameStart, nameEnd), new TextSpan(source, valueStart, valueEnd));
    }

    private static int SkipBlanks(string text, int at, int end)
    {
        while (at < end && char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        return at;
    }
}
