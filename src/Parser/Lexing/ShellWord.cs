namespace Kleene.Build.Parser.Lexing;

/// <summary>Where a word ends for a shell: at the next blank that is neither quoted nor escaped.</summary>
internal static class ShellWord
{
    /// <param name="isClosed">False when a quote is open, which takes the rest of the line.</param>
    public static int End(string text, int at, char escape, out bool isClosed)
    {
        var quote = '\0';
        isClosed = true;
        for (; at < text.Length; at++)
        {
            var c = text[at];
            if (c == escape && quote != '\'')
            {
                at++;
            }
            else if (quote != '\0')
            {
                quote = c == quote ? '\0' : quote;
            }
            else if (c is '"' or '\'')
            {
                quote = c;
            }
            else if (char.IsWhiteSpace(c))
            {
                return at;
            }
        }

        isClosed = quote == '\0';
        return text.Length;
    }
}
