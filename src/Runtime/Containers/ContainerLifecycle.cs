using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Runtime.Containers;

/// <summary>Makes containers of images, runs, enters, stops and removes them. A container is a clone of its image's snapshot: nothing is copied.</summary>
public sealed class ContainerLifecycle(
    ContainerStore containers, SnapshotCatalog snapshots, VolumeLifecycle volumes, NetworkLifecycle networks, IJailDriver jails, Database database, Session session, TimeProvider clock)
{
    private static readonly TimeSpan CleanupTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopPollingTime = TimeSpan.FromMilliseconds(20);

    /// <summary>Clones an image for a container. Its tree stays mounted for <see cref="RunAsync"/>.</summary>
    /// <param name="name">Null: a name is invented.</param>
    public async Task<Container> CreateAsync(ImageEntry image, ContainerSpec spec, string? name, CancellationToken cancellationToken)
    {
        networks.Check(spec.Network);

        // What goes with its first process has no use for being flushed to the disk.
        var use = spec.RemoveAtExit ? WorkspaceUse.BuildStep : WorkspaceUse.Container;
        await using var draft = await snapshots.DraftAsync(image.Snapshot, use, cancellationToken);
        var container = new Container
        {
            Id = draft.Id,
            Name = name ?? FreeName(),
            ImageId = image.Image.Id,
            Snapshot = image.Snapshot,
            Spec = spec,
            State = ContainerState.Created,
            Session = session.Id,
            Created = clock.GetUtcNow(),
        };
        database.Transact(() =>
        {
            containers.Add(container);
            networks.Attach(container.Id, spec.Network);
            draft.Keep();
            return container;
        });
        return container;
    }

    /// <summary>
    /// Runs a container's first process to its end. Cancelling kills the container. Afterwards its tree is unmounted, or gone when
    /// the container was to be removed at its end.
    /// </summary>
    /// <exception cref="JailStartException">It could not be started.</exception>
    public async Task<ExitStatus> RunAsync(Container container, ProcessOutput output, CancellationToken cancellationToken)
    {
        ExitStatus? exit = null;
        try
        {
            var workspace = await snapshots.Store.AttachAsync(container.Id, cancellationToken);
            workspace.Keep();
            containers.MarkRunning(container.Id, session.Id, clock.GetUtcNow());
            using var mounts = await ContainerMounts.OpenAsync(container.Spec.Mounts, workspace.Path, volumes, cancellationToken);
            var hostname = container.Spec.Hostname.Length > 0 ? container.Spec.Hostname : container.Id.ToString();
            var network = await networks.RaiseAsync(container.Id, container.Spec.Network, hostname, container.Spec.ExtraHosts, cancellationToken);
            var jail = network.Apply(container.Spec.ToJail(container.Id.ToString(), workspace.Path) with { Mounts = mounts.Mounts });
            exit = await jails.RunAsync(jail, output, cancellationToken);
            return exit.Value;
        }
        catch (JailStartException exception)
        {
            exit = new ExitStatus(exception.ExitCode);
            throw;
        }
        finally
        {
            // Not the caller's token: what was begun is ended, cancelled or not.
            using var deadline = new CancellationTokenSource(CleanupTime);
            await networks.LowerAsync(container.Id, deadline.Token);
            if (container.Spec.RemoveAtExit)
            {
                await DestroyAsync(container, deadline.Token);
            }
            else
            {
                await snapshots.Store.DetachAsync(container.Id, deadline.Token);
                containers.MarkExited(container.Id, exit?.ShellCode, clock.GetUtcNow());
            }
        }
    }

    /// <summary>Runs one more command in a running container.</summary>
    /// <exception cref="ContainerStateException">The container is not running.</exception>
    public async Task<ExitStatus> ExecAsync(Container container, JailProcess process, ProcessOutput output, CancellationToken cancellationToken)
    {
        try
        {
            return await jails.ExecAsync(container.Id.ToString(), process, output, cancellationToken);
        }
        catch (JailNotRunningException)
        {
            throw new ContainerStateException($"container '{container.Name}' is not running");
        }
    }

    /// <summary>Asks a container's first process to end and kills it after the grace time. Not running: succeeds.</summary>
    public async Task StopAsync(Container container, TimeSpan grace, CancellationToken cancellationToken)
    {
        var signal = Signals.Parse(container.Spec.StopSignal is "" ? "SIGTERM" : container.Spec.StopSignal);
        DateTimeOffset? deadline = null;
        var killed = false;
        while (await IsBusyAsync(container, cancellationToken))
        {
            // Until its jail is there the signal reaches nobody: it is sent again.
            if (deadline is null)
            {
                deadline = await TrySignalAsync(container, signal, cancellationToken) ? clock.GetUtcNow() + grace : null;
            }
            else if (!killed && clock.GetUtcNow() >= deadline)
            {
                killed = await TrySignalAsync(container, Signals.Kill, cancellationToken);
            }

            await Task.Delay(StopPollingTime, clock, cancellationToken);
        }

        await SettleAsync(container, cancellationToken);
    }

    /// <summary>Sends a signal to a container's first process.</summary>
    /// <exception cref="ContainerStateException">The container is not running.</exception>
    public async Task SignalAsync(Container container, int signal, CancellationToken cancellationToken)
    {
        if (!await TrySignalAsync(container, signal, cancellationToken))
        {
            throw new ContainerStateException($"container '{container.Name}' is not running");
        }
    }

    /// <summary>Removes a container and its files.</summary>
    /// <param name="force">Whether a running one is killed first.</param>
    /// <exception cref="ContainerStateException">It is running.</exception>
    public async Task RemoveAsync(Container container, bool force, CancellationToken cancellationToken)
    {
        if (await IsBusyAsync(container, cancellationToken))
        {
            if (!force)
            {
                throw new ContainerStateException($"container '{container.Name}' is running; stop it first with 'kleene stop {container.Name}', or use --force");
            }

            await StopAsync(container, TimeSpan.Zero, cancellationToken);
        }

        await DestroyAsync(container, cancellationToken);
    }

    /// <summary>Brings the records of containers whose command was killed into line with what is really running.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var container in containers.ListRunning())
        {
            if (session.IsOver(container.Session) && !await jails.IsRunningAsync(container.Id.ToString(), cancellationToken))
            {
                await SettleAsync(container, cancellationToken);
            }
        }

        foreach (var container in containers.ListStarting())
        {
            if (session.IsOver(container.Session))
            {
                await SettleAsync(container, cancellationToken);
                containers.MarkWaiting(container.Id);
            }
        }
    }

    /// <summary>Whether it runs, or the command that runs it is still on its way to starting or cleaning up.</summary>
    private async Task<bool> IsBusyAsync(Container container, CancellationToken cancellationToken) =>
        (containers.IsRunning(container.Id) && !session.IsOver(container.Session))
        || await jails.IsRunningAsync(container.Id.ToString(), cancellationToken);

    private async Task<bool> TrySignalAsync(Container container, int signal, CancellationToken cancellationToken)
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

    private string FreeName()
    {
        while (true)
        {
            var name = ContainerNames.New();
            if (!containers.HasName(name))
            {
                return name;
            }
        }
    }

    /// <summary>Ends a container: by its own command when that still lives, else in its place.</summary>
    private async Task SettleAsync(Container container, CancellationToken cancellationToken)
    {
        while (!session.IsOver(container.Session))
        {
            if (!containers.IsRunning(container.Id))
            {
                return;
            }

            await Task.Delay(StopPollingTime, clock, cancellationToken);
        }

        await jails.RemoveAsync(container.Id.ToString(), cancellationToken);
        await networks.LowerAsync(container.Id, cancellationToken);
        containers.MarkExited(container.Id, null, clock.GetUtcNow());
        if (container.Spec.RemoveAtExit)
        {
            await DestroyAsync(container, cancellationToken);
        }
        else
        {
            await snapshots.Store.DetachAsync(container.Id, cancellationToken);
        }
    }

    private async Task DestroyAsync(Container container, CancellationToken cancellationToken)
    {
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
    }
}
