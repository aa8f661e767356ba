using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Runtime.Containers;

/// <summary>
/// Writes the end of a run down and takes away what the run needed. Whoever comes first does it: the command that ran the container, the
/// one that its supervisor calls, one that waits for the end, or the sweep of any later one. The others find it done.
/// </summary>
internal sealed class ContainerSettler(
    ContainerStore containers,
    SnapshotCatalog snapshots,
    ContainerTrees trees,
    VolumeLifecycle volumes,
    NetworkLifecycle networks,
    IJailDriver jails,
    Database database,
    StateDirectory state,
    TimeProvider clock)
{
    /// <summary>How long the word of a supervisor is waited for, who gives his lock back a moment before he writes it.</summary>
    private static readonly TimeSpan WordTime = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan WordInterval = TimeSpan.FromMilliseconds(2);

    /// <summary>Settles a run unless that is done.</summary>
    /// <param name="end">How it ended, when the caller knows; else what its supervisor has written counts.</param>
    public async Task SettleAsync(SnapshotId id, string session, JailEnd? end, CancellationToken cancellationToken)
    {
        using var alone = await new ContainerDirectory(state, id).LockAsync(cancellationToken);
        await SettleLockedAsync(id, session, end, cancellationToken);
    }

    /// <summary>Returns when nobody settles it any more.</summary>
    public async Task WaitAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        var directory = new ContainerDirectory(state, id);
        using var alone = await directory.LockAsync(cancellationToken);
        if (containers.TryFind(id) is null)
        {
            // It was made again by our asking for the lock.
            directory.Delete();
        }
    }

    /// <summary>The same for a caller who has the container's lock.</summary>
    public async Task SettleLockedAsync(SnapshotId id, string session, JailEnd? end, CancellationToken cancellationToken)
    {
        if (containers.TryFind(id) is not { } container)
        {
            // Its directory was made again by our asking for the lock.
            new ContainerDirectory(state, id).Delete();
            return;
        }

        if (container.Session != session || session.Length == 0)
        {
            return;
        }

        if (container.State is ContainerState.Starting or ContainerState.Running)
        {
            end ??= await EndOfAsync(container, cancellationToken);
            containers.MarkExited(id, session, end, clock.GetUtcNow());
        }

        new ContainerDirectory(state, id).EndWatch();

        // Its jail first: nothing may run in a tree that is detached or removed.
        await jails.RemoveAsync(id.ToString(), cancellationToken);
        await networks.LowerAsync(id, cancellationToken);
        if (container.Spec.RemoveAtExit)
        {
            await DestroyAsync(container, withVolumes: true, cancellationToken);
        }
        else
        {
            await trees.SettleAsync(id, cancellationToken);
            containers.MarkClean(id, session);
        }
    }

    /// <summary>Removes a container that does not run, its files and its record. The caller has its lock.</summary>
    /// <param name="withVolumes">Whether the volumes go too that only it has and nobody named.</param>
    public async Task DestroyAsync(Container container, bool withVolumes, CancellationToken cancellationToken)
    {
        if (withVolumes)
        {
            await new ContainerVolumes(volumes).RemoveAnonymousAsync(container, cancellationToken);
        }

        using var closed = await trees.CloseAsync(container.Id, cancellationToken);
        var announced = database.Transact(() =>
        {
            var removed = containers.Remove(container.Id);
            if (removed)
            {
                snapshots.Announce(container.Id, container.Snapshot);
            }

            return removed;
        });
        if (announced)
        {
            await snapshots.Store.RemoveAsync(container.Id, cancellationToken);
            snapshots.Forget(container.Id);
        }

        new ContainerDirectory(state, container.Id).Delete();
    }

    private async Task<JailEnd?> EndOfAsync(Container container, CancellationToken cancellationToken)
    {
        var asked = clock.GetTimestamp();
        while (true)
        {
            if (jails.EndOf(container.Id.ToString()) is { } end)
            {
                return end;
            }

            if (container.State == ContainerState.Starting || clock.GetElapsedTime(asked) > WordTime)
            {
                return null;
            }

            await Task.Delay(WordInterval, clock, cancellationToken);
        }
    }
}
