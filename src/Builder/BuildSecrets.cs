using System.Collections.Immutable;
using System.Text;

namespace Kleene.Build.Builder;

/// <summary>What the caller gives a build and nobody else may see. It has no text form, so that no message can show it by mistake.</summary>
public sealed class BuildSecrets
{
    private const int ShortestSecret = 3;

    private readonly ImmutableDictionary<string, BuildSecret> secrets;

    public BuildSecrets(IEnumerable<BuildSecret> secrets) => this.secrets = secrets.ToImmutableDictionary(secret => secret.Id, StringComparer.Ordinal);

    public static BuildSecrets None { get; } = new([]);

    public bool IsEmpty => secrets.IsEmpty;

    public BuildSecret? Find(string id) => secrets.GetValueOrDefault(id);

    /// <summary>
    /// What must not be printed: the values without the line break at their end, and of those with several lines each line, for it is
    /// by line that they are printed. A line of one or two characters, a brace for instance, keeps no secret.
    /// </summary>
    internal IEnumerable<string> Unspeakable => secrets.Values
        .SelectMany(secret => Encoding.UTF8.GetString(secret.Value.Span).Split('\n', StringSplitOptions.TrimEntries))
        .Where(line => line.Length >= ShortestSecret)
        .Distinct(StringComparer.Ordinal);
}

/// <summary>One secret of a build.</summary>
/// <param name="id">What a Kleenefile calls it.</param>
/// <param name="value">The bytes; empty when the place it was to come from has none.</param>
/// <param name="missing">Why there is no value, for a command that insists on it; null when there is one.</param>
public sealed class BuildSecret(string id, ReadOnlyMemory<byte> value, string? missing = null)
{
    public string Id { get; } = id;

    public ReadOnlyMemory<byte> Value { get; } = value;

    public string? Missing { get; } = missing;
}
