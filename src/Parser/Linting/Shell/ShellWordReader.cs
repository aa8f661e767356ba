using System.Buffers;
using System.Text;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Linting.Shell;

/// <summary>Reads one word of a script: to the next blank or operator that is neither quoted nor escaped nor in a substitution.</summary>
internal static class ShellWordReader
{
    private static readonly SearchValues<char> Ends = SearchValues.Create(" \t\r\n;&|()<>");

    // What a shell would replace, match against files or take for a home directory.
    private static readonly SearchValues<char> Meaningful = SearchValues.Create("$`*?[]{}~!");

    public static ShellArgument Read(Word script, int start)
    {
        var text = script.Text;
        var value = new StringBuilder();
        var isLiteral = true;
        var at = start;
        while (at < text.Length && (at == start || !Ends.Contains(text[at])))
        {
            var c = text[at];
            switch (c)
            {
                case '\'':
                    var close = text.IndexOf('\'', at + 1);
                    close = close < 0 ? text.Length : close;
                    value.Append(text, at + 1, close - at - 1);
                    at = Math.Min(close + 1, text.Length);
                    break;
                case '"':
                    at = ReadQuoted(text, at + 1, value, ref isLiteral);
                    break;
                case '\\' when at + 1 < text.Length:
                    value.Append(text[at + 1] == '\n' ? "" : text[at + 1].ToString());
                    at += 2;
                    break;
                case '$' or '`':
                    isLiteral = false;
                    at = CopySubstitution(text, at, value);
                    break;
                default:
                    isLiteral &= !Meaningful.Contains(c);
                    value.Append(c);
                    at++;
                    break;
            }
        }

        return new ShellArgument(value.ToString(), script, start, at - start, isLiteral);
    }

    private static int ReadQuoted(string text, int at, StringBuilder value, ref bool isLiteral)
    {
        while (at < text.Length && text[at] != '"')
        {
            if (text[at] is '$' or '`')
            {
                isLiteral = false;
                at = CopySubstitution(text, at, value);
                continue;
            }

            if (text[at] == '\\' && at + 1 < text.Length && text[at + 1] is '"' or '\\' or '$' or '`')
            {
                at++;
            }

            value.Append(text[at++]);
        }

        return Math.Min(at + 1, text.Length);
    }

    /// <summary>Copies <c>$name</c>'s dollar, or all of <c>${...}</c>, <c>$(...)</c> and <c>`...`</c>.</summary>
    private static int CopySubstitution(string text, int start, StringBuilder value)
    {
        var open = text[start] == '`' ? '`' : start + 1 < text.Length ? text[start + 1] : '\0';
        var close = open switch { '(' => ')', '{' => '}', '`' => '`', _ => '\0' };
        var at = start + 1;
        if (close == '`')
        {
            at = text.IndexOf('`', at) is >= 0 and var end ? end + 1 : text.Length;
        }
        else if (close != '\0')
        {
            for (var depth = 0; at < text.Length; at++)
            {
                depth += text[at] == open ? 1 : text[at] == close ? -1 : 0;
                if (depth == 0)
                {
                    at++;
                    break;
                }
            }
        }

        value.Append(text, start, at - start);
        return at;
    }
}
