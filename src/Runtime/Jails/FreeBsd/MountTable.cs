using System.Collections.Immutable;
using System.Text.Json;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>What is mounted, as <c>mount --libxo json</c> tells it. Its text form prints blanks in names as they are, so that fields cannot be told apart.</summary>
internal sealed record MountTable(ImmutableArray<MountedEntry> Entries)
{
    public static MountTable Parse(string output)
    {
        using var json = JsonDocument.Parse(output);
        return new MountTable(
        [
            .. json.RootElement.GetProperty("mount").GetProperty("mounted").EnumerateArray().Select(entry => new MountedEntry(
                entry.GetProperty("special").GetString() ?? "", entry.GetProperty("node").GetString() ?? "", entry.GetProperty("fstype").GetString() ?? "")),
        ]);
    }

    /// <summary>Where something is mounted beneath a directory, and not on it: the last mounted first. A place that is mounted on twice is there twice.</summary>
    public IEnumerable<string> Beneath(string directory) =>
        Entries.Select(entry => entry.Node).Where(node => node.StartsWith($"{directory.TrimEnd('/')}/", StringComparison.Ordinal)).Reverse();
}

/// <param name="Source">What is mounted: a directory, a dataset, or the name of a kind.</param>
/// <param name="Node">Where.</param>
/// <param name="Type">The kind of file system.</param>
internal sealed record MountedEntry(string Source, string Node, string Type);
