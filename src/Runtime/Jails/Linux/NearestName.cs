namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>Finds what a misspelt name may have meant.</summary>
internal static class NearestName
{
    /// <summary>A message's ending, <c>; did you mean 'x'?</c>, or nothing when no name is near.</summary>
    public static string Hint(string name, IEnumerable<string> names)
    {
        var limit = Math.Clamp(name.Length / 3, 1, 3);
        var (nearest, _) = names
            .Distinct(StringComparer.Ordinal)
            .Select(candidate => (Name: candidate, Distance: Distance(name, candidate)))
            .Where(candidate => candidate.Distance > 0 && candidate.Distance <= limit)
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .FirstOrDefault();
        return nearest is null ? "" : $"; did you mean '{nearest}'?";
    }

    /// <summary>How many letters must be put in, left out, replaced or swapped with their neighbour.</summary>
    private static int Distance(string from, string to)
    {
        var cost = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++)
        {
            cost[i, 0] = i;
        }

        for (var j = 0; j <= to.Length; j++)
        {
            cost[0, j] = j;
        }

        for (var i = 1; i <= from.Length; i++)
        {
            for (var j = 1; j <= to.Length; j++)
            {
                var replaced = cost[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                cost[i, j] = Math.Min(replaced, Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1);
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }

        return cost[from.Length, to.Length];
    }
}
