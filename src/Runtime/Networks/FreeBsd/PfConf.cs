using System.Text.RegularExpressions;

namespace Kleene.Build.Runtime.Networks.FreeBsd;

/// <summary>
/// The user's file of rules, /etc/pf.conf (pf.conf(5)): which of the lines it lacks that lead to ours, and the same file with them. Nothing else of it is touched. Pure.
/// </summary>
internal static partial class PfConf
{
    public const string Path = "/etc/pf.conf";

    /// <summary>What is allowed only after all translation.</summary>
    private static readonly string[] FilterWords = ["block", "pass", "anchor", "antispoof", "match"];

    public static IReadOnlyList<string> Missing(string text)
    {
        var statements = Statements(text).Select(statement => statement.Text).ToHashSet(StringComparer.Ordinal);
        return [.. PfStatus.Calls.Where(call => !statements.Contains(call) && !statements.Contains($"{call} all"))];
    }

    /// <summary>With all of them: translation before the first rule that filters, which pfctl(8) insists on; filtering at the end, where it has the last word.</summary>
    public static string Complete(string text)
    {
        var missing = Missing(text);
        var lines = text.TrimEnd('\n').Split('\n').ToList();
        var place = Statements(text).Where(statement => FilterWords.Contains(statement.Text.Split(' ')[0])).Select(statement => (int?)statement.Line).FirstOrDefault() ?? lines.Count;
        var translation = missing.Where(call => call.Contains("-anchor ", StringComparison.Ordinal)).ToList();
        if (translation.Count > 0)
        {
            lines.InsertRange(place, [.. translation.Prepend("# Networks of kleene: their translation.")]);
        }

        if (missing.Count > translation.Count)
        {
            lines.AddRange(["# Networks of kleene: who reaches whom. Rules above that are 'quick' decide before.", .. missing.Except(translation)]);
        }

        return string.Join('\n', lines.SkipWhile(line => line.Length == 0 && text.Length == 0)) + "\n";
    }

    /// <summary>Whether the user says anything himself in it.</summary>
    public static bool HasRules(string text) => Statements(text).Any(statement => !PfStatus.Calls.Contains(statement.Text));

    /// <summary>Whether pf does not look at the host's loopback, by which containers that share the host's stack reach each other.</summary>
    public static bool SkipsLoopback(string text) => Statements(text).Any(statement => SkipForm().IsMatch(statement.Text));

    /// <summary>Without comments, blanks as one, lines that end in a backslash with those that follow them.</summary>
    private static IEnumerable<(string Text, int Line)> Statements(string text)
    {
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var (first, statement) = (i, Uncommented(lines[i]));
            while (statement.EndsWith('\\') && i + 1 < lines.Length)
            {
                statement = statement[..^1] + " " + Uncommented(lines[++i]);
            }

            statement = Blanks().Replace(statement.Trim(), " ");
            if (statement.Length > 0)
            {
                yield return (statement, first);
            }
        }
    }

    private static string Uncommented(string line)
    {
        var isQuoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            isQuoted ^= line[i] == '"';
            if (line[i] == '#' && !isQuoted)
            {
                return line[..i].TrimEnd();
            }
        }

        return line.TrimEnd();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"^set skip on (\{.*)?\blo0?\b")]
    private static partial Regex SkipForm();
}
