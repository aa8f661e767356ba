using Kleene.Build.Builder.Caching;
using Kleene.Build.Runtime.Space;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>What every step starts from.</summary>
/// <param name="Parent">The tree it works on a clone of; null is the empty tree.</param>
/// <param name="Key">What its snapshot is published under.</param>
/// <param name="Replace">Whether a snapshot that has the key already is replaced.</param>
/// <param name="Question">What is asked.</param>
/// <param name="Space">Holds the step to the bound of the store; null where there is none.</param>
internal sealed record StepInput(SnapshotId? Parent, string Key, bool Replace, StepQuestion Question, SpaceWatch? Space = null)
{
    /// <summary>Keeps what the step has made.</summary>
    /// <exception cref="StoreLimitException">There is no room for it.</exception>
    public Task<SnapshotId> CommitAsync(SnapshotDraft draft, CancellationToken cancellationToken) =>
        draft.CommitAsync(Key, Replace, Space is null ? null : Space.AdmitAsync, cancellationToken);
}
