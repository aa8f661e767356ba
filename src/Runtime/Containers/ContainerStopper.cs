using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Containers;

/// <summary>Ends runs of containers, waits for their end, and settles those that nobody has in hand any more. Knows nothing of who wants them to run again.</summary>
internal sealed class ContainerStopper(
    ContainerStore containers, ContainerSettler settler, IJailDriver jails, Session session, StateDirectory state, TimeProvider clock)
{
    private static readonly TimeSpan StopInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan WaitInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan DefaultGrace = TimeSpan.FromSeconds(10);

    /// <summary>What asks a container's first process to end.</summary>
    public static int SignalOf(Container container) => Signals.Parse(container.Spec.StopSignal is "" ? "SIGTERM" : container.Spec.StopSignal);

    /// <summary>Waits until a run has ended, and tells how.</summary>
    public async Task<JailEnd> WaitAsync(Container container, CancellationToken cancellationToken)
    {
        var over = session.WaitAsync(container.Session, cancellationToken);
        while (containers.IsBusy(container.Id, container.Session))
        {
            await EitherAsync(over, WaitInterval, cancellationToken);
            await SettleAbandonedAsync(container.Id, container.State, container.Session, cancellationToken);
        }

        return containers.TryFindEnding(container.Session)
            ?? (containers.TryFind(container.Id) is { } found ? new JailEnd(found.ExitCode, found.OutOfMemory) : new JailEnd(null, OutOfMemory: false));
    }

    /// <summary>Sends a running container the signal that ends it, after the grace time the one that nobody can ignore, and waits until that is settled.</summary>
    /// <param name="grace">Null: what the container was made with.</param>
    public async Task EndAsync(Container container, TimeSpan? grace, CancellationToken cancellationToken)
    {
        if (containers.TryMarkStopped(container.Id))
        {
            return;
        }

        var signal = SignalOf(container);
        var time = grace ?? (container.Spec.StopSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : DefaultGrace);
        var over = session.WaitAsync(container.Session, cancellationToken);
        DateTimeOffset? deadline = null;
        var killed = false;
        while (containers.TryFind(container.Id) is { } current && await IsBusyAsync(current, cancellationToken))
        {
            // Until its jail is there the signal reaches nobody: it is sent again.
            if (deadline is null)
            {
                deadline = await TrySignalAsync(current, signal, cancellationToken) ? clock.GetUtcNow() + time : null;
            }
            else if (!killed && clock.GetUtcNow() >= deadline)
            {
                killed = await TrySignalAsync(current, Signals.Kill, cancellationToken);
            }

            await EitherAsync(over, StopInterval, cancellationToken);
            await SettleAbandonedAsync(current.Id, current.State, current.Session, cancellationToken);
        }

        // Whoever settles it may still be at it.
        await settler.WaitAsync(container.Id, cancellationToken);
        if (containers.TryFind(container.Id) is { Session.Length: > 0 } left)
        {
            await SettleAbandonedAsync(left.Id, left.State, left.Session, cancellationToken);
        }
    }

    /// <summary>Settles a run when nobody has it in hand any more and nothing of it is running. Returns whether that was so.</summary>
    public async Task<bool> SettleAbandonedAsync(SnapshotId id, ContainerState current, string holder, CancellationToken cancellationToken)
    {
        if (current == ContainerState.Starting)
        {
            // A supervisor may be there already, but who is to let the first process go is not: that one would have the lock. He may
            // have given it back since we were told of the state, because it runs.
            using var alone = new ContainerDirectory(state, id).TryLock();
            if (alone is null || containers.TryFind(id) is { State: not ContainerState.Starting })
            {
                return false;
            }

            await settler.SettleLockedAsync(id, holder, end: null, cancellationToken);
            return true;
        }

        if (!session.IsOver(holder) || (current == ContainerState.Running && jails.EndOf(id.ToString()) is null && await jails.IsRunningAsync(id.ToString(), cancellationToken)))
        {
            return false;
        }

        await settler.SettleAsync(id, holder, end: null, cancellationToken);
        return true;
    }

    /// <summary>Whether it runs, or somebody who has it in hand is still on his way to starting or cleaning up.</summary>
    public async Task<bool> IsBusyAsync(Container container, CancellationToken cancellationToken) =>
        (container.State is ContainerState.Starting or ContainerState.Running && !session.IsOver(container.Session))
        || await jails.IsRunningAsync(container.Id.ToString(), cancellationToken);

    /// <summary>False when there is no process that it could be sent to.</summary>
    public async Task<bool> TrySignalAsync(Container container, int signal, CancellationToken cancellationToken)
    {
        try
        {
            await jails.SignalAsync(container.Id.ToString(), signal, cancellationToken);
            return true;
        }
        catch (JailNotRunningException)
        {
            return false;
        }
    }

    /// <summary>Waits for a session's end, or for some time: who has it may still be there when the container is not.</summary>
    private async Task EitherAsync(Task over, TimeSpan time, CancellationToken cancellationToken)
    {
        var enough = Task.Delay(time, clock, cancellationToken);
        await (over.IsCompleted ? enough : Task.WhenAny(over, enough));
        cancellationToken.ThrowIfCancellationRequested();
    }
}
