using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder;

/// <summary>A step that failed, whose files somebody has put right by hand: the build goes on from those files, and the step does not run.</summary>
/// <param name="FailedKey">What the step asked when it failed; it has to ask the same now.</param>
/// <param name="Snapshot">The files as they are to be.</param>
/// <param name="Key">Of that snapshot: its own, so that nobody takes it for an answer to what the step asks.</param>
/// <param name="Container">In which it was done.</param>
public sealed record StepRepair(string FailedKey, SnapshotId Snapshot, string Key, string Container);
