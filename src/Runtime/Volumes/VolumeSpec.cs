using System.Collections.Immutable;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Volumes;

/// <summary>A volume as it is asked for. What it says beside the name counts only when the volume has yet to be made.</summary>
public sealed record VolumeSpec
{
    /// <summary>Letters, digits and <c>. _ -</c>, a letter or digit first.</summary>
    public required string Name { get; init; }

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = NoLabels;

    /// <summary>Who owns its root directory.</summary>
    public FileOwner Owner { get; init; } = FileOwner.Root;

    /// <summary>The twelve bits of its root directory.</summary>
    public uint Permissions { get; init; } = PermissionBits.Directory;

    /// <summary>The most that it may ever hold; null is what the disk has.</summary>
    public long? QuotaBytes { get; init; }

    /// <summary>Puts the first files into its tree, whose path it is given; null leaves it empty.</summary>
    public Func<string, CancellationToken, Task>? Fill { get; init; }

    internal static ImmutableSortedDictionary<string, string> NoLabels { get; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
}
