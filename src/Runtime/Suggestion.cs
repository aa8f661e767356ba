namespace Kleene.Build.Runtime;

/// <summary>Finds the name that was probably meant.</summary>
public static class Suggestion
{
    /// <summary>One slip in so many characters is still a slip, and more than these few are another word.</summary>
    private const int CharactersPerSlip = 3;

    private const int MostSlips = 3;

    /// <summary>A message's ending, <c>; did you mean 'x'?</c>, or nothing when no candidate is near.</summary>
    public static string Hint(string word, IEnumerable<string> candidates) =>
        Nearest(word, candidates) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    /// <summary>The candidate that fewest slips turn into the word; null when none is near. Only the case differing counts as no slip.</summary>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        // The directories of a path give its last name no more room for slips.
        var name = word.TrimEnd('/');
        var allowed = Math.Clamp((name.Length - name.LastIndexOf('/') - 1) / CharactersPerSlip, 1, MostSlips);
        return candidates
            .Where(candidate => candidate != word && Math.Abs(candidate.Length - word.Length) <= allowed)
            .Distinct(StringComparer.Ordinal)
            .Select(candidate => (Name: candidate, Slips: Distance(word.ToLowerInvariant(), candidate.ToLowerInvariant())))
            .Where(candidate => candidate.Slips <= allowed && candidate.Slips < word.Length)
            .OrderBy(candidate => candidate.Slips)
            .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();
    }

    /// <summary>Insertions, deletions, replacements and swaps of neighbours.</summary>
    private static int Distance(string left, string right)
    {
        var rows = new int[left.Length + 1, right.Length + 1];
        for (var i = 0; i <= left.Length; i++)
        {
            for (var j = 0; j <= right.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    rows[i, j] = i + j;
                    continue;
                }

                var replaced = rows[i - 1, j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(replaced, 1 + Math.Min(rows[i - 1, j], rows[i, j - 1]));
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }

        return rows[left.Length, right.Length];
    }
}
