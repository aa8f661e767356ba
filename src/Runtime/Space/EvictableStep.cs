using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Space;

/// <summary>A snapshot of the build cache as eviction sees it.</summary>
/// <param name="Bytes">What it takes beside its parent.</param>
/// <param name="Saves">How long its step took: what a hit saves.</param>
/// <param name="LastUse">When it was made, or a build last took it.</param>
/// <param name="IsHeld">Whether something needs it, other snapshots not counted.</param>
/// <param name="Text">Its instruction, where an image remembers it.</param>
public sealed record EvictableStep(SnapshotId Id, SnapshotId? Parent, long Bytes, TimeSpan Saves, DateTimeOffset LastUse, bool IsHeld = false, string? Text = null);

/// <summary>What was given up so that the store keeps within its bound.</summary>
/// <param name="Steps">In the order in which they went.</param>
/// <param name="Maximum">The bound, in bytes.</param>
public sealed record Eviction(IReadOnlyList<EvictableStep> Steps, long Maximum)
{
    public long Bytes => Steps.Sum(step => step.Bytes);
}
