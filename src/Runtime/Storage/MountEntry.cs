using System.Globalization;
using System.Text.RegularExpressions;

namespace Kleene.Build.Runtime.Storage;

/// <summary>A line of <c>/proc/self/mountinfo</c> (proc(5)).</summary>
/// <param name="IsShared">Whether mounts below it, and their end, reach other namespaces.</param>
internal sealed partial record MountEntry(string MountPoint, string Type, string Source, bool IsShared)
{
    /// <summary>The mount that a path lies on: of those that contain it the longest, and of equals the last, which covers the others.</summary>
    public static MountEntry? Containing(string path, IEnumerable<string> lines) => lines
        .Select(TryParse)
        .OfType<MountEntry>()
        .Where(entry => Contains(entry.MountPoint, path))
        .Aggregate(default(MountEntry), (best, entry) => best is null || entry.MountPoint.Length >= best.MountPoint.Length ? entry : best);

    public static MountEntry? Containing(string path) => Containing(path, File.ReadLines("/proc/self/mountinfo"));

    private static bool Contains(string mountPoint, string path) =>
        mountPoint == "/" || path == mountPoint || path.StartsWith(mountPoint + "/", StringComparison.Ordinal);

    /// <summary><c>36 35 98:0 /root /mount options [optional fields] - type source options</c>.</summary>
    private static MountEntry? TryParse(string line)
    {
        var words = line.Split(' ');
        var hyphen = words.Length < 7 ? -1 : Array.IndexOf(words, "-", 6);
        return hyphen < 0 || words.Length < hyphen + 3
            ? null
            : new MountEntry(Unescape(words[4]), words[hyphen + 1], Unescape(words[hyphen + 2]), words[6..hyphen].Any(IsPeerGroup));
    }

    private static bool IsPeerGroup(string word) => word.StartsWith("shared:", StringComparison.Ordinal);

    /// <summary>Blanks and backslashes are written as three octal digits.</summary>
    private static string Unescape(string text) =>
        Escapes().Replace(text, match => ((char)Convert.ToInt32(match.Groups[1].Value, 8)).ToString(CultureInfo.InvariantCulture));

    [GeneratedRegex(@"\\([0-7]{3})")]
    private static partial Regex Escapes();
}
