using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Diagnostics;

/// <summary>Finds the name that was probably meant.</summary>
internal static class Suggestion
{
    /// <summary>The tail of a message: <c>; did you mean 'x'?</c>, or nothing.</summary>
    public static string For(string written, IEnumerable<string> known) => Tail(Nearest(written, known));

    /// <summary>The same for a name that is found already.</summary>
    public static string Tail(string? nearest) => nearest is null ? "" : $"; did you mean '{nearest}'?";

    /// <summary>Writes the name that was probably meant; null where there is none.</summary>
    public static TextEdit? Edit(TextSpan span, string? nearest) => nearest is null ? null : new TextEdit(span, nearest);

    /// <summary>The known name nearest to what was written, or null when none is near enough to be a slip.</summary>
    public static string? Nearest(string written, IEnumerable<string> known)
    {
        // Among names of one or two letters everything is near everything.
        var limit = written.Length < 3 ? 0 : Math.Clamp(written.Length / 3, 1, 3);
        string? best = null;
        foreach (var name in known)
        {
            // A slip of the keyboard changes letters; other digits are another thing on purpose.
            if (name.Equals(written, StringComparison.OrdinalIgnoreCase) || DiffersInDigitsOnly(name, written))
            {
                continue;
            }

            var distance = Distance(written, name, limit);
            if (distance <= limit)
            {
                best = name;
                limit = distance - 1;
            }
        }

        return best;
    }

    /// <summary>
    /// Edits between two names, neighbours swapped counting as one (optimal string alignment), letter case ignored;
    /// more than <paramref name="limit"/> when they are further apart.
    /// </summary>
    internal static int Distance(string left, string right, int limit = int.MaxValue)
    {
        if (Math.Abs(left.Length - right.Length) > limit)
        {
            return limit + 1;
        }

        var beforeLast = new int[right.Length + 1];
        var last = new int[right.Length + 1];
        var row = new int[right.Length + 1];
        for (var j = 0; j <= right.Length; j++)
        {
            last[j] = j;
        }

        for (var i = 1; i <= left.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var cost = Same(left[i - 1], right[j - 1]) ? 0 : 1;
                row[j] = Math.Min(Math.Min(row[j - 1], last[j]) + 1, last[j - 1] + cost);
                if (i > 1 && j > 1 && Same(left[i - 1], right[j - 2]) && Same(left[i - 2], right[j - 1]))
                {
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
                }
            }

            (beforeLast, last, row) = (last, row, beforeLast);
        }

        return last[right.Length];
    }

    private static bool DiffersInDigitsOnly(string left, string right) =>
        WithoutDigits(left).Equals(WithoutDigits(right), StringComparison.OrdinalIgnoreCase);

    private static string WithoutDigits(string name) => string.Concat(name.Where(c => !char.IsAsciiDigit(c)));

    private static bool Same(char left, char right) => char.ToLowerInvariant(left) == char.ToLowerInvariant(right);
}
