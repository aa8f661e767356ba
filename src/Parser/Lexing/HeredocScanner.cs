using System.Text;

namespace Kleene.Build.Parser.Lexing;

/// <summary>What a word <c>&lt;&lt;NAME</c> says, before its body is read.</summary>
internal readonly record struct HeredocMarker(string Name, int Start, int Length, bool IsQuoted, bool StripsTabs);

/// <summary>Finds heredoc words on an instruction. Words are cut as the shell does, quotes kept together.</summary>
internal static class HeredocScanner
{
    public static List<HeredocMarker> Find(string line, char escape)
    {
        var markers = new List<HeredocMarker>();
        if (!line.Contains("<<", StringComparison.Ordinal) || !TakesHeredocs(line, out var at))
        {
            return markers;
        }

        while (at < line.Length)
        {
            var end = ShellWord.End(line, at, escape, out var isClosed);
            if (!isClosed)
            {
                // An open quote: the line is not made of words, so it has no heredoc either.
                return [];
            }

            if (end > at && Recognise(line.AsSpan(at, end - at), at, escape) is { } marker)
            {
                markers.Add(marker);
            }

            at = Math.Max(end, at) + 1;
        }

        return markers;
    }

    private static bool TakesHeredocs(string line, out int arguments)
    {
        arguments = 0;
        while (true)
        {
            var start = arguments;
            while (start < line.Length && char.IsWhiteSpace(line[start]))
            {
                start++;
            }

            var end = start;
            while (end < line.Length && !char.IsWhiteSpace(line[end]))
            {
                end++;
            }

            arguments = end;
            var keyword = line.AsSpan(start, end - start);
            if (keyword.Equals("ONBUILD", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var rest = line.AsSpan(end).TrimStart();
            return !rest.StartsWith("[")
                && (keyword.Equals("RUN", StringComparison.OrdinalIgnoreCase)
                    || keyword.Equals("COPY", StringComparison.OrdinalIgnoreCase)
                    || keyword.Equals("ADD", StringComparison.OrdinalIgnoreCase));
        }
    }

    private static HeredocMarker? Recognise(ReadOnlySpan<char> word, int start, char escape)
    {
        var at = 0;
        while (at < word.Length && char.IsAsciiDigit(word[at]))
        {
            at++;
        }

        if (!word[at..].StartsWith("<<"))
        {
            return null;
        }

        at += 2;
        var stripsTabs = at < word.Length && word[at] == '-';
        var rest = word[(stripsTabs ? at + 1 : at)..];
        if (rest.IsEmpty || rest.Contains('<'))
        {
            return null;
        }

        var name = new StringBuilder();
        for (var i = 0; i < rest.Length; i++)
        {
            if (rest[i] == escape && i + 1 < rest.Length)
            {
                name.Append(rest[++i]);
            }
            else if (rest[i] is not ('"' or '\''))
            {
                name.Append(rest[i]);
            }
        }

        return name.Length == 0
            ? null
            : new HeredocMarker(name.ToString(), start, word.Length, IsQuoted: name.Length != rest.Length, stripsTabs);
    }
}
