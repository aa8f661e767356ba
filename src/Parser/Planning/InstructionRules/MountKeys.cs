using System.Collections.Immutable;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>The keys that each type of mount has.</summary>
internal static class MountKeys
{
    private static readonly ImmutableArray<string> Target = ["target", "dst", "destination"];
    private static readonly ImmutableArray<string> Source = ["source", "src"];
    private static readonly ImmutableArray<string> Access = ["mode", "uid", "gid"];
    private static readonly ImmutableArray<string> ReadOnly = ["readonly", "ro"];
    private static readonly ImmutableArray<string> ReadWrite = ["readwrite", "rw"];

    // buildah's and podman's words for labels of SELinux, which these mounts do not need: read, and without effect.
    private static readonly ImmutableArray<string> Relabel = ["z", "Z"];

    private static readonly Dictionary<string, ImmutableArray<string>> Table = new(StringComparer.Ordinal)
    {
        ["bind"] = ["type", .. Target, .. Source, "from", .. ReadOnly, .. ReadWrite, .. Relabel],
        ["cache"] = ["type", "id", .. Target, .. Source, "from", "sharing", .. Access, .. ReadOnly, .. ReadWrite, .. Relabel],
        ["tmpfs"] = ["type", .. Target, "size", .. ReadOnly, .. ReadWrite, .. Relabel],
        ["secret"] = ["type", "id", .. Target, .. Source, "env", "required", .. Access, .. ReadOnly],
        ["ssh"] = ["type", "id", .. Target, "required", .. Access, .. ReadOnly],
    };

    public static IEnumerable<string> Types => Table.Keys;

    /// <summary>Null when there is no such type.</summary>
    public static ImmutableArray<string>? Of(string type) => Table.TryGetValue(type, out var keys) ? keys : null;

    /// <summary>The types that have a key; none when nobody has it.</summary>
    public static IEnumerable<string> TypesWith(string key) => Table.Where(row => row.Value.Contains(key)).Select(row => row.Key);

    /// <summary>Whether the key alone says enough.</summary>
    public static bool NeedsNoValue(string key) => ReadOnly.Contains(key) || ReadWrite.Contains(key) || Relabel.Contains(key) || key == "required";

    /// <summary>One name for all spellings of a key.</summary>
    public static string Canonical(string key) =>
        Target.Contains(key) ? "target"
        : Source.Contains(key) ? "source"
        : ReadOnly.Contains(key) ? "readonly"
        : ReadWrite.Contains(key) ? "readwrite"
        : key;
}
