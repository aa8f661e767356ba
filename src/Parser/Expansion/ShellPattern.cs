using System.Text;

namespace Kleene.Build.Parser.Expansion;

/// <summary>
/// A pattern of <c>${v#p}</c> and <c>${v/p/r}</c>: <c>*</c>, <c>?</c> and literal characters. Bracket expressions are not part of the language.
/// </summary>
internal sealed class ShellPattern
{
    // Elements are characters, or one of these.
    private const int AnyText = -1;
    private const int AnyCharacter = -2;

    private readonly int[] pattern;

    private ShellPattern(int[] pattern)
    {
        this.pattern = pattern;
    }

    /// <summary>Null, with the reason, when a character is escaped that needs no escape.</summary>
    public static ShellPattern? Parse(string text, out string problem)
    {
        problem = "";
        var pattern = new List<int>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '*':
                    pattern.Add(AnyText);
                    break;
                case '?':
                    pattern.Add(AnyCharacter);
                    break;
                case '\\' when i + 1 < text.Length && text[i + 1] is '*' or '?' or '\\' or '}' or '/':
                    pattern.Add(text[++i]);
                    break;
                case '\\':
                    problem = i + 1 < text.Length
                        ? $"'\\{text[i + 1]}' is not an escape in the pattern '{text}'"
                        : $"the pattern '{text}' ends in an escape";
                    return null;
                default:
                    pattern.Add(text[i]);
                    break;
            }
        }

        return new ShellPattern([.. pattern]);
    }

    public string TrimPrefix(string value, bool longest) =>
        MatchEnd(value, 0, longest) is { } end ? value[end..] : value;

    public string TrimSuffix(string value, bool longest)
    {
        // A suffix is a prefix read backwards.
        var mirror = new ShellPattern([.. Enumerable.Reverse(pattern)]);
        var reversed = new string([.. Enumerable.Reverse(value)]);
        return mirror.MatchEnd(reversed, 0, longest) is { } length ? value[..^length] : value;
    }

    /// <summary>Replaces the first, or each, longest match. One that is empty counts, unless it follows right on another.</summary>
    public string Replace(string value, string replacement, bool all)
    {
        var result = new StringBuilder(value.Length);
        var at = 0;
        for (var lastEnd = -1; at <= value.Length;)
        {
            if (MatchEnd(value, at, longest: true) is { } end && end > lastEnd)
            {
                var isEmpty = end == at;
                result.Append(replacement);
                at = lastEnd = end;
                if (!all)
                {
                    break;
                }

                if (!isEmpty)
                {
                    continue;
                }
            }

            result.Append(value, at, Math.Min(1, value.Length - at));
            at++;
        }

        return at < value.Length ? result.Append(value, at, value.Length - at).ToString() : result.ToString();
    }

    private int? MatchEnd(string value, int start, bool longest)
    {
        var ends = Ends(value, start);
        var end = longest ? Array.LastIndexOf(ends, true) : Array.IndexOf(ends, true);
        return end < 0 ? null : end;
    }

    /// <summary>Where a match that begins at <paramref name="start"/> can end: one pass over the value for each element, no backtracking.</summary>
    private bool[] Ends(string value, int start)
    {
        var ends = new bool[value.Length + 1];
        ends[start] = true;
        foreach (var element in pattern)
        {
            if (element == AnyText)
            {
                var first = Array.IndexOf(ends, true);
                if (first >= 0)
                {
                    Array.Fill(ends, true, first, ends.Length - first);
                }

                continue;
            }

            for (var i = value.Length; i > start; i--)
            {
                ends[i] = ends[i - 1] && (element == AnyCharacter || element == value[i - 1]);
            }

            ends[start] = false;
        }

        return ends;
    }
}
