using System.Collections.Immutable;
using System.Net;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks;

/// <summary>A container on a network. Its addresses are its own until it is disconnected or removed, running or not.</summary>
public sealed record Endpoint
{
    public required SnapshotId Id { get; init; }

    public required SnapshotId NetworkId { get; init; }

    /// <summary>The container, or a slot of a build.</summary>
    public required SnapshotId Owner { get; init; }

    public IPAddress? Address { get; init; }

    public IPAddress? Address6 { get; init; }

    /// <summary>Further names that the others on the network know it by.</summary>
    public ImmutableArray<string> Aliases { get; init; } = [];
}
