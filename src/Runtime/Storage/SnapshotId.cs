using System.Diagnostics.CodeAnalysis;

namespace Kleene.Build.Runtime.Storage;

/// <summary>
/// Twelve lower-case hexadecimal digits, at least one of them a letter: jail(8) takes a name of digits only for a jail's number.
/// Names a snapshot and the workspace it came from.
/// </summary>
public readonly record struct SnapshotId
{
    public const int Length = 12;

    private readonly string? text;

    private SnapshotId(string text) => this.text = text;

    public static SnapshotId New()
    {
        Span<byte> bytes = stackalloc byte[Length / 2];
        while (true)
        {
            Random.Shared.NextBytes(bytes);
            var text = Convert.ToHexStringLower(bytes);
            if (IsValid(text))
            {
                return new SnapshotId(text);
            }
        }
    }

    /// <exception cref="FormatException">The text is not an id.</exception>
    public static SnapshotId Parse(string text) => TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not a snapshot id");

    public static bool TryParse([NotNullWhen(true)] string? text, out SnapshotId id)
    {
        id = text is not null && IsValid(text) ? new SnapshotId(text) : default;
        return id.text is not null;
    }

    /// <summary>What directories of a store are named after; of one that is on its way out, the part before the dot counts.</summary>
    internal static IReadOnlyList<SnapshotId> NamedIn(string directory)
    {
        var found = new HashSet<SnapshotId>();
        foreach (var path in Directory.EnumerateDirectories(directory))
        {
            if (TryParse(Path.GetFileName(path).Split('.')[0], out var id))
            {
                found.Add(id);
            }
        }

        return [.. found];
    }

    public override string ToString() => text ?? throw new InvalidOperationException("a snapshot id was used before it was set");

    private static bool IsValid(string text) =>
        text.Length == Length && text.All(char.IsAsciiHexDigitLower) && text.Any(char.IsAsciiLetter);
}
