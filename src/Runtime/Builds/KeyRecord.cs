using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Kleene.Build.Runtime.Builds;

/// <summary>What a cache key was made of, in order: kept when a step runs, for those who ask later why it did.</summary>
public sealed record KeyRecord(ImmutableArray<KeyInput> Inputs);

/// <summary>One input of a key.</summary>
public sealed record KeyInput
{
    public required string Name { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public KeyInputKind Kind { get; init; }

    /// <summary>One for a value, those of a list, or what identifies files; never anything of a secret.</summary>
    public required ImmutableArray<string> Values { get; init; }

    /// <summary>Where each of the values is from, as far as that is known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImmutableArray<InputOrigin>? Origins { get; init; }

    /// <summary>Of files: the tree that they are in, for people.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public string? Tree { get; init; }
}

/// <summary>Where a value is from.</summary>
/// <param name="Source"><c>ENV</c>, <c>ARG</c>, <c>--build-arg</c>, <c>--env</c>, <c>base image</c> or <c>default</c>.</param>
/// <param name="Place">The instruction, <c>Kleenefile:3</c>; empty where there is none.</param>
public sealed record InputOrigin(string Source, string Place);

[JsonConverter(typeof(JsonStringEnumConverter<KeyInputKind>))]
public enum KeyInputKind
{
    Value,
    List,

    /// <summary>Files of a directory of the caller's; the value is their digest, by which <see cref="BuildStore.FindFiles"/> has their list.</summary>
    Files,

    /// <summary>A tree of a stage or an image: its key, and then the paths in it.</summary>
    Tree,

    /// <summary>What was fetched.</summary>
    Remote,
}
