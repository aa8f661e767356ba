using System.Collections.Immutable;
using Kleene.Build.Builder.Events;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>Where a stage got to.</summary>
/// <param name="Snapshot">The last good tree; null is the empty one.</param>
/// <param name="Key">Its key.</param>
/// <param name="History">What was done, that of the base stage first.</param>
/// <param name="Failure">The step that failed, if one did.</param>
internal sealed record StageOutcome(SnapshotId? Snapshot, string Key, ImmutableArray<ImageStep> History, StageFailure? Failure = null);

internal sealed record StageFailure(StepPlace Place, StepOutcome.Failed Outcome);
