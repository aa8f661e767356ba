using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Space;

/// <summary>The bound of a store, what it takes, and what of that can be given up.</summary>
public sealed class StoreSpace(StoreSettings settings, SpaceLedger ledger, CacheEviction eviction, ISnapshotStore store, IJailDriver jails, StateDirectory state, TimeProvider clock)
{
    /// <summary>What stays free after an eviction, as a part of the bound: the next step should not have to evict again.</summary>
    private const int Slack = 20;

    public StoreSettings Settings => settings;

    public bool IsBounded => settings.MaximumBytes is not null;

    internal IJailDriver Jails => jails;

    internal TimeProvider Clock => clock;

    /// <summary>Whether the file system is quick to tell what all trees take.</summary>
    internal bool CountsItself => store.CountsItself;

    /// <summary>The bytes that the store takes now.</summary>
    public Task<long> MeasureAsync(CancellationToken cancellationToken) => ledger.TotalAsync(cancellationToken);

    /// <summary>Evicts from the build cache until the store keeps clear of its bound.</summary>
    /// <param name="taken">What it takes now, in bytes.</param>
    /// <returns>Null when nothing is to be had.</returns>
    public async Task<Eviction?> EvictAsync(long taken, long maximum, CancellationToken cancellationToken)
    {
        var steps = await eviction.FreeAsync(Math.Max(0, taken - maximum) + (maximum / Slack), cancellationToken);
        return steps.Count == 0 ? null : new Eviction(steps, maximum);
    }

    /// <summary>Holds a build to the bound; null when there is none.</summary>
    /// <param name="tell">Told of what was evicted.</param>
    public SpaceGuard? Guard(Action<Eviction> tell) => settings.MaximumBytes is { } maximum ? new SpaceGuard(this, maximum, tell) : null;

    /// <summary>The bytes that are free where the trees are: one system call.</summary>
    internal long Free() => new DriveInfo(Directory.Exists(state.Trees(store.Driver)) ? state.Trees(store.Driver) : state.Root).TotalFreeSpace;
}
