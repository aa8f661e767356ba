using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks;

/// <summary>What a container, or a slot of a build, has of the network.</summary>
/// <param name="Id">The container's id, or that of the slot.</param>
/// <param name="Kind">What it asked for. On Linux all kinds that have a stack are one.</param>
public sealed record StackSpec(SnapshotId Id, NetworkDriver Kind);
