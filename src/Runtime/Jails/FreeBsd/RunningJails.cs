using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>Reads what jls(8) and ps(1) say of jails.</summary>
internal static partial class RunningJails
{
    /// <summary>The columns that <see cref="ParseProcesses"/> reads.</summary>
    public const string ProcessColumns = "pid,jid,user,stat,command";

    /// <summary>The names in <c>jls --libxo json -v</c>. Of a jail that there is not it prints an empty list.</summary>
    public static ImmutableArray<string> ParseNames(string output)
    {
        using var json = JsonDocument.Parse(output);
        return [.. json.RootElement.GetProperty("jail-information").GetProperty("jail").EnumerateArray().Select(jail => jail.GetProperty("name").GetString() ?? "")];
    }

    /// <summary><c>ps -J NAME -o pid,jid,user,stat,command</c>: a line of headings, then one a process.</summary>
    public static ImmutableArray<(int Id, string User, string State, string Command)> ParseProcesses(string output) =>
    [
        .. output.Split('\n').Select(line => ProcessLine().Match(line)).Where(match => match.Success).Select(match => (
            int.Parse(match.Groups["pid"].ValueSpan, CultureInfo.InvariantCulture), match.Groups["user"].Value, match.Groups["stat"].Value, match.Groups["command"].Value)),
    ];

    [GeneratedRegex(@"\A\s*(?<pid>\d+)\s+\d+\s+(?<user>\S+)\s+(?<stat>\S+)\s+(?<command>.*)\z")]
    private static partial Regex ProcessLine();
}
