using System.Collections.Immutable;
using System.Globalization;

namespace Kleene.Build.Runtime.Jails;

/// <summary>Numbers of processors as cpuset(7) writes them: <c>0-2,5</c>.</summary>
public static class CpuList
{
    /// <summary>More than any kernel is built for, and few enough to be listed.</summary>
    private const int Most = 8192;

    /// <returns>In ascending order.</returns>
    /// <exception cref="FormatException">It is no such list.</exception>
    public static ImmutableSortedSet<int> Parse(string text)
    {
        var numbers = ImmutableSortedSet.CreateBuilder<int>();
        foreach (var range in text.Split(','))
        {
            var (first, last) = range.Split('-') switch
            {
                [var one] => (Number(one), Number(one)),
                [var low, var high] => (Number(low), Number(high)),
                _ => (1, 0),
            };
            if (first > last)
            {
                throw new FormatException($"'{range}' is not a range of processors");
            }

            numbers.UnionWith(Enumerable.Range(first, last - first + 1));
        }

        return numbers.ToImmutable();

        static int Number(string digits) =>
            int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < Most
                ? number
                : throw new FormatException($"'{digits}' is not the number of a processor");
    }
}
