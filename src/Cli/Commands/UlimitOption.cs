using System.Globalization;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Cli.Commands;

/// <summary>Reads <c>--ulimit NAME=SOFT[:HARD]</c>, of builds and containers.</summary>
internal static class UlimitOption
{
    public const string Name = "--ulimit";

    public static JailUlimit Read(string text)
    {
        var (name, value) = OptionValues.Pair(text, Name);
        var parts = value?.Split(':') ?? [];
        if (!JailUlimit.Names.Contains(name))
        {
            throw new UsageException($"{Name} '{text}': there is no limit '{name}'{Suggestion.Hint(name, JailUlimit.Names)}");
        }

        var bounds = parts.Select(Bound).ToList();
        return parts.Length is 1 or 2 && (bounds[0] ?? ulong.MaxValue) <= (bounds[^1] ?? ulong.MaxValue)
            ? new JailUlimit(name, bounds[0], bounds[^1])
            : throw new UsageException($"{Name} '{text}' is not a limit; write NAME=SOFT[:HARD], the soft one no higher than the hard one");

        ulong? Bound(string part) =>
            part is "-1" or "unlimited" ? null
            : ulong.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw new UsageException($"{Name} '{text}': '{part}' is neither a number nor 'unlimited'");
    }
}
