using System.Collections.Concurrent;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>
/// Has the same step run once at a time, in whichever stage or build it is: who comes second waits, and then takes what the first has made, or runs
/// by himself when that has failed, was stopped or killed.
/// </summary>
/// <param name="build">The build's id: steps that run whatever is known share nothing with other builds.</param>
internal sealed class StepTurns(StepLocks locks, SnapshotCatalog snapshots, string build)
{
    private readonly ConcurrentDictionary<string, SnapshotId> forced = new(StringComparer.Ordinal);

    /// <param name="waits">Called when somebody else is at it.</param>
    public async Task<StepTurn> TakeAsync(KeyedStep step, bool isForced, Action waits, CancellationToken cancellationToken)
    {
        var held = await locks.TakeAsync(isForced ? $"{build} {step.Key}" : step.Key, waits, cancellationToken);
        try
        {
            return new StepTurn(held, isForced ? MadeHere(step.Key) : snapshots.Find(step.Key));
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>For the same step in another stage of this build.</summary>
    public void NoteMade(KeyedStep step, SnapshotId snapshot) => forced[step.Key] = snapshot;

    private SnapshotId? MadeHere(string key) => forced.TryGetValue(key, out var made) ? made : null;
}

/// <summary>Nobody else runs the step while this lives.</summary>
/// <param name="Made">What it gives, when somebody has run it meanwhile.</param>
internal sealed record StepTurn(StepLock Held, SnapshotId? Made) : IDisposable
{
    public void Dispose() => Held.Dispose();
}
