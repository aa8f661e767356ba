using System.Collections.Immutable;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Volumes;

/// <summary>A tree with a name that outlives the containers and build steps that write to it. It belongs to no image and no snapshot.</summary>
public sealed record Volume
{
    /// <summary>Also names its tree.</summary>
    public required SnapshotId Id { get; init; }

    public required string Name { get; init; }

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = VolumeSpec.NoLabels;

    public required DateTimeOffset Created { get; init; }

    /// <summary>Whether it was made for a build, which can do without what is in it.</summary>
    public bool IsBuildCache => Labels.ContainsKey(VolumeLabels.CacheId);

    /// <summary>Whether it was made for one container, which nobody gave a name for it.</summary>
    public bool IsAnonymous => Labels.ContainsKey(VolumeLabels.Anonymous);
}

/// <summary>The labels that mean something to us.</summary>
public static class VolumeLabels
{
    /// <summary>On a volume that nobody named: made for VOLUME of an image, or for a destination alone.</summary>
    public const string Anonymous = "org.kleene.anonymous";

    /// <summary>The most bytes that a volume may hold, as its storage driver sees to it.</summary>
    public const string Quota = "org.kleene.quota";

    /// <summary>On a build cache: what Kleenefiles call it.</summary>
    public const string CacheId = "org.kleene.build-cache.id";

    /// <summary>On a build cache: who keeps it apart from caches of the same id; missing where nobody does.</summary>
    public const string CacheNamespace = "org.kleene.build-cache.namespace";
}

/// <summary>No volume has that name or id.</summary>
public sealed class VolumeNotFoundException(string reference, string? nearest)
    : KleeneException($"there is no volume '{reference}'" + (nearest is null ? "; 'kleene volume ls' shows what there is" : $"; did you mean '{nearest}'?"));

/// <summary>A volume cannot be removed or replaced while something needs it.</summary>
public sealed class VolumeInUseException(string name, string reason) : KleeneException($"volume '{name}' is in use: {reason}");
