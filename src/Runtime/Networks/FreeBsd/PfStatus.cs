namespace Kleene.Build.Runtime.Networks.FreeBsd;

/// <summary>Reads what pfctl(8) says of the rules that are in force, in the words of FreeBSD 13.2.</summary>
internal static class PfStatus
{
    /// <summary>The lines of pf.conf(5) that lead to our rules: two of translation, one of filtering.</summary>
    public static IReadOnlyList<string> Calls { get; } = ["nat-anchor \"kleene/*\"", "rdr-anchor \"kleene/*\"", "anchor \"kleene/*\""];

    /// <param name="info">What <c>pfctl -si</c> prints.</param>
    public static bool IsEnabled(string info) => info.StartsWith("Status: Enabled", StringComparison.Ordinal);

    /// <summary>Those of <see cref="Calls"/> that the rules in force lack.</summary>
    /// <param name="translation">What <c>pfctl -sn</c> prints: <c>nat-anchor "kleene/*" all</c>.</param>
    /// <param name="filtering">What <c>pfctl -sr</c> prints.</param>
    public static IReadOnlyList<string> MissingCalls(string translation, string filtering)
    {
        var lines = $"{translation}\n{filtering}".Split('\n').ToHashSet(StringComparer.Ordinal);
        return [.. Calls.Where(call => !lines.Contains($"{call} all"))];
    }
}
