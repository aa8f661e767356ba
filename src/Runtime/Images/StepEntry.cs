using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kleene.Build.Runtime.Images;

/// <summary>What the command of a step had beside its tree and the configuration, for whoever enters there to find it as the command did.</summary>
/// <remarks>As in <see cref="ImageConfig"/>, the accessors give what a stored one lacks.</remarks>
public sealed record StepEntry
{
    /// <summary><c>NAME=value</c>: arguments of the build, which are in no image.</summary>
    public ImmutableArray<string> Environment { get; init => field = value.IsDefault ? [] : value; } = [];

    public ImmutableArray<StepEntryMount> Mounts { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>What of it cannot be had again, in words: secrets, agents, files of a context.</summary>
    public ImmutableArray<string> Missing { get; init => field = value.IsDefault ? [] : value; } = [];

    internal static StepEntry? Parse(string? json) => json is null ? null : JsonSerializer.Deserialize(json, StepEntryJson.Default.StepEntry);

    internal string ToJson() => JsonSerializer.Serialize(this, StepEntryJson.Default.StepEntry);
}

/// <param name="Volume">That of a cache; empty where it was memory.</param>
/// <param name="SizeBytes">The most that memory could hold; null where nothing was said.</param>
public sealed record StepEntryMount(string Volume, string Target, bool ReadOnly, long? SizeBytes);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StepEntry))]
internal sealed partial class StepEntryJson : JsonSerializerContext;
