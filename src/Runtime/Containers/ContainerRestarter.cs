using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Containers;

/// <summary>Starts containers whose policy says so, although nobody asked for it now.</summary>
internal sealed class ContainerRestarter(ContainerStore containers, ContainerStarter starter, Session session, StateDirectory state, TimeProvider clock)
{
    /// <summary>Whether a container has ended in a way after which its policy starts it again.</summary>
    public bool IsDue(SnapshotId id) => containers.TryFind(id) is { } container && IsDue(container);

    /// <summary>Starts a container that has ended again, after a pause, as long as nobody stops it meanwhile.</summary>
    public async Task RestartAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        while (containers.TryFind(id) is { } ended && IsDue(ended))
        {
            var ran = ended is { Started: { } from, Finished: { } to } ? to - from : TimeSpan.Zero;
            var streak = RestartPolicy.StreakAfter(ended.Streak, ran);
            if (!containers.TryMarkRestarting(id, session.Id, streak))
            {
                return;
            }

            await Task.Delay(RestartPolicy.PauseAfter(streak), clock, cancellationToken);
            using var alone = await new ContainerDirectory(state, id).LockAsync(cancellationToken);
            if (containers.TryFind(id) is not { State: ContainerState.Restarting } waiting || waiting.Session != session.Id)
            {
                return;
            }

            try
            {
                (await starter.StartLockedAsync(waiting, attach: false, cancellationToken)).Dispose();
                return;
            }
            catch (KleeneException)
            {
                // As after any other end its policy decides, in the next round; the record has the exit code. When it was stopped or taken
                // by another command in between, the record says that.
            }
        }
    }

    private static bool IsDue(Container container) =>
        container is { IsWanted: true, State: ContainerState.Exited } && container.Spec.Restart.RestartsAfter(container.ExitCode, container.Restarts);
}
