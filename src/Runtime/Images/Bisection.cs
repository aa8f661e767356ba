namespace Kleene.Build.Runtime.Images;

/// <summary>
/// Looks for the first of some places, in order, from which on something fails, by asking about as few of them as it can. It fails at the last
/// one, or nothing is looked for. Where it fails at the first one too, because what it needs is not there yet, a place where it works is looked for
/// before: in the middle, then in the middles of the halves, and so on.
/// </summary>
public static class Bisection
{
    /// <param name="count">How many places there are; at least one.</param>
    /// <param name="works">Asked about each place at most once.</param>
    /// <returns>
    /// The first place of the failure, with the last place where it works before it; the former is null when it works at the end, the latter when
    /// it works nowhere.
    /// </returns>
    public static async Task<(int? Failing, int? Working)> FindAsync(int count, Func<int, Task<bool>> works)
    {
        if (await works(count - 1))
        {
            return (null, count - 1);
        }

        if (await FindWorkingAsync(count - 1, works) is not { } good)
        {
            return (0, null);
        }

        var bad = good.Failing;
        var working = good.Working;
        while (bad - working > 1)
        {
            var middle = working + ((bad - working) / 2);
            if (await works(middle))
            {
                working = middle;
            }
            else
            {
                bad = middle;
            }
        }

        return (bad, working);
    }

    /// <summary>A place that works, and the nearest one behind it that is known to fail.</summary>
    private static async Task<(int Working, int Failing)?> FindWorkingAsync(int last, Func<int, Task<bool>> works)
    {
        var failing = new SortedSet<int> { last };
        foreach (var place in Spread(last))
        {
            if (await works(place))
            {
                return (place, failing.GetViewBetween(place, last).Min);
            }

            failing.Add(place);
        }

        return null;
    }

    /// <summary>Every place before the last: the first one, then middles, then middles of what is left.</summary>
    private static IEnumerable<int> Spread(int count)
    {
        if (count == 0)
        {
            yield break;
        }

        yield return 0;
        var ranges = new Queue<(int From, int To)>([(1, count)]);
        while (ranges.TryDequeue(out var range))
        {
            if (range.From < range.To)
            {
                var middle = range.From + ((range.To - range.From) / 2);
                yield return middle;
                ranges.Enqueue((middle + 1, range.To));
                ranges.Enqueue((range.From, middle));
            }
        }
    }
}
