using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Users;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Runtime.Containers;

/// <summary>
/// Makes containers of images, starts, enters, stops and removes them. A container is a clone of its image's snapshot: nothing is copied.
/// Knows nothing of how a jail is made.
/// </summary>
public sealed class ContainerLifecycle
{
    private readonly ContainerStore containers;
    private readonly UserRangeStore ranges;
    private readonly SnapshotCatalog snapshots;
    private readonly ContainerTrees trees;
    private readonly NetworkLifecycle networks;
    private readonly IJailDriver jails;
    private readonly Database database;
    private readonly Session session;
    private readonly StateDirectory state;
    private readonly IProcessRunner processes;
    private readonly OwnCommand self;
    private readonly TimeProvider clock;
    private readonly ContainerSettler settler;
    private readonly ContainerStopper stopper;
    private readonly ContainerStarter starter;
    private readonly ContainerRestarter restarter;

    /// <param name="processes">Leaves commands of ours behind, which go on without us.</param>
    /// <param name="self">How those, and the supervisors of containers, call us.</param>
    public ContainerLifecycle(
        ContainerStore containers,
        SnapshotCatalog snapshots,
        ContainerTrees trees,
        VolumeLifecycle volumes,
        NetworkLifecycle networks,
        IJailDriver jails,
        Database database,
        Session session,
        StateDirectory state,
        IProcessRunner processes,
        OwnCommand self,
        TimeProvider clock)
    {
        this.containers = containers;
        ranges = new UserRangeStore(database, state.Root);
        this.snapshots = snapshots;
        this.trees = trees;
        this.networks = networks;
        this.jails = jails;
        this.database = database;
        this.session = session;
        this.state = state;
        this.processes = processes;
        this.self = self;
        this.clock = clock;
        settler = new ContainerSettler(containers, snapshots, trees, volumes, networks, jails, database, state, clock);
        stopper = new ContainerStopper(containers, settler, jails, session, state, clock);
        starter = new ContainerStarter(containers, settler, snapshots, trees, volumes, networks, jails, session, state, processes, self, clock);
        restarter = new ContainerRestarter(containers, starter, session, state, clock);
    }

    /// <summary>Clones an image for a container. Its tree stays mounted for whoever starts it next; see <see cref="LeaveAsync"/>.</summary>
    /// <param name="name">Null: a name is invented.</param>
    public async Task<Container> CreateAsync(ImageEntry image, ContainerSpec spec, string? name, CancellationToken cancellationToken)
    {
        await networks.CheckAsync(spec.Network, cancellationToken);

        jails.Require(spec.Parameters);
        if (spec.Users is not null)
        {
            RequireUsers();
        }

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
        return database.Transact(() =>
        {
            containers.Add(container);
            networks.Attach(container.Id, spec.Network);
            draft.Keep();
            return spec.Users is null ? container : containers.Assign(container, ranges.Take(container.Id));
        });
    }

    /// <summary>Leaves a container that was only made, for somebody to start it later.</summary>
    public async Task LeaveAsync(Container container, CancellationToken cancellationToken)
    {
        using var alone = await new ContainerDirectory(state, container.Id).LockAsync(cancellationToken);
        if (containers.TryFind(container.Id)?.Session == container.Session)
        {
            await trees.SettleAsync(container.Id, cancellationToken);
            containers.MarkClean(container.Id, container.Session);
        }
    }

    /// <summary>
    /// Runs a container's first process as a child of ours, to its end. Cancelling kills the container. Afterwards its tree is unmounted, or
    /// gone when the container was to be removed at its end.
    /// </summary>
    /// <exception cref="JailStartException">It could not be started.</exception>
    public Task<ExitStatus> RunAsync(Container container, ProcessOutput output, CancellationToken cancellationToken) =>
        starter.RunAsync(container, output, cancellationToken);

    /// <summary>Starts a container, which then goes on without us. One that runs already is left alone.</summary>
    /// <param name="attach">Whether to connect with its streams before it writes anything.</param>
    /// <exception cref="JailStartException">It could not be started.</exception>
    public async Task<StartedContainer> StartAsync(Container container, bool attach, CancellationToken cancellationToken)
    {
        var directory = new ContainerDirectory(state, container.Id);
        using var alone = await directory.LockAsync(cancellationToken);
        if (containers.TryFind(container.Id) is not { } found)
        {
            directory.Delete();
            throw new ContainerNotFoundException(container.Name, nearest: null);
        }

        if (found.State == ContainerState.Running)
        {
            return new StartedContainer(found, attach ? Attach(found) : null);
        }

        containers.MarkWanted(found.Id);
        return await starter.StartLockedAsync(found, attach, cancellationToken);
    }

    /// <summary>Connects with the streams of a container that runs.</summary>
    /// <exception cref="ContainerStateException">It does not run, or runs as a child of the command that started it.</exception>
    public IJailConsole Attach(Container container)
    {
        try
        {
            return jails.Attach(container.Id.ToString());
        }
        catch (JailNotRunningException)
        {
            throw new ContainerStateException(
                container.State == ContainerState.Running
                    ? $"container '{container.Name}' writes to the command that runs it; only one started by 'start' or 'run -d', or with a terminal, can be attached to"
                    : NotRunning(container));
        }
    }

    /// <summary>What a container that is supervised has printed.</summary>
    public ContainerLog LogOf(Container container) => new(new ContainerDirectory(state, container.Id).Log);

    /// <summary>Waits until a run has ended, and tells how.</summary>
    public Task<JailEnd> WaitAsync(Container container, CancellationToken cancellationToken) => stopper.WaitAsync(container, cancellationToken);

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
            throw new ContainerStateException(NotRunning(container));
        }
    }

    /// <summary>Starts one more command in a running container and leaves it to itself.</summary>
    /// <exception cref="ContainerStateException">The container is not running.</exception>
    public async Task ExecDetachedAsync(Container container, JailProcess process, CancellationToken cancellationToken)
    {
        try
        {
            await jails.ExecDetachedAsync(container.Id.ToString(), process, cancellationToken);
        }
        catch (JailNotRunningException)
        {
            throw new ContainerStateException(NotRunning(container));
        }
    }

    /// <summary>Asks a container's first process to end and kills it after the grace time. Not running: succeeds.</summary>
    /// <param name="grace">Null: what the container was made with.</param>
    public Task StopAsync(Container container, TimeSpan? grace, CancellationToken cancellationToken)
    {
        containers.MarkUnwanted(container.Id);
        return stopper.EndAsync(container, grace, cancellationToken);
    }

    /// <summary>Stops what runs because the machine goes down: what is to come back with it does.</summary>
    public async Task StopWithMachineAsync(Container container, CancellationToken cancellationToken)
    {
        // Its policy must not start it again, neither now nor when its supervisor gets round to telling us of the end.
        containers.MarkUnwanted(container.Id);
        await stopper.EndAsync(container, grace: null, cancellationToken);
        containers.MarkWantedWithMachine(container.Id);
    }

    /// <summary>Stops a container if it runs, and starts it.</summary>
    public async Task RestartAsync(Container container, TimeSpan? grace, CancellationToken cancellationToken)
    {
        await StopAsync(container, grace, cancellationToken);
        (await StartAsync(container, attach: false, cancellationToken)).Dispose();
    }

    /// <summary>Sends a signal to a container's first process. By one that is meant to end it its user has stopped it, as with Docker: no policy starts it again.</summary>
    /// <exception cref="ContainerStateException">The container is not running.</exception>
    public Task KillAsync(Container container, int signal, CancellationToken cancellationToken)
    {
        if (signal == Signals.Kill || signal == ContainerStopper.SignalOf(container))
        {
            containers.MarkUnwanted(container.Id);
        }

        return SignalAsync(container, signal, cancellationToken);
    }

    /// <summary>Sends a signal to a container's first process.</summary>
    /// <exception cref="ContainerStateException">The container is not running.</exception>
    public async Task SignalAsync(Container container, int signal, CancellationToken cancellationToken)
    {
        if (!await stopper.TrySignalAsync(container, signal, cancellationToken))
        {
            throw new ContainerStateException(NotRunning(container));
        }
    }

    /// <summary>Removes a container and its files. Gone already: succeeds.</summary>
    /// <param name="force">Whether a running one is killed first.</param>
    /// <param name="withVolumes">Whether the volumes go too that only it has and nobody named.</param>
    /// <exception cref="ContainerStateException">It is running.</exception>
    public async Task RemoveAsync(Container container, bool force, bool withVolumes, CancellationToken cancellationToken)
    {
        while (!await TryRemoveAsync(container, withVolumes, cancellationToken))
        {
            if (!force)
            {
                throw new ContainerStateException($"container '{container.Name}' is running; stop it first with 'kleene stop {container.Name}', or use --force");
            }

            await StopAsync(container, TimeSpan.Zero, cancellationToken);
        }
    }

    /// <summary>Gives a container another name.</summary>
    /// <exception cref="KleeneException">The name is taken or is not a name.</exception>
    public Task RenameAsync(Container container, string name, CancellationToken cancellationToken)
    {
        containers.Rename(container, name);
        return networks.RenamedAsync(container.Id, cancellationToken);
    }

    /// <summary>What a supervisor calls when a run has ended: settles it, and starts the container again when its policy says so.</summary>
    public async Task EndedAsync(SnapshotId id, string supervisor, CancellationToken cancellationToken)
    {
        await settler.SettleAsync(id, supervisor, end: null, cancellationToken);
        _ = session.IsOver(supervisor);
        await restarter.RestartAsync(id, cancellationToken);
    }

    /// <summary>What is to run once the machine has come up, oldest first.</summary>
    public IReadOnlyList<Container> DueWithMachine() =>
    [
        .. containers.List()
            .Where(container => container.State is ContainerState.Created or ContainerState.Exited && container.Spec.Restart.StartsWithMachine(container.IsWanted))
            .Reverse(),
    ];

    /// <summary>Brings the records of containers whose commands or supervisors were killed into line with what is really running.</summary>
    /// <param name="bootId">Of the machine's present run. What an earlier one has ended is not for this command to start again, but for that which starts with the machine.</param>
    public async Task SweepAsync(string? bootId, CancellationToken cancellationToken)
    {
        var isSameBoot = containers.IsSweptIn(bootId);
        foreach (var (id, current, holder) in containers.ListHeld())
        {
            if (!await stopper.SettleAbandonedAsync(id, current, holder, cancellationToken))
            {
                if (current == ContainerState.Running && new ContainerDirectory(state, id).IsWatchAbandoned())
                {
                    processes.Start(ContainerWatch.Command(self, id, holder));
                }
            }
            else if (isSameBoot && restarter.IsDue(id))
            {
                // The pause before the next start is not for this command to wait.
                processes.Start(self.ToCommandLine("container", "ended", id.ToString(), holder));
            }
        }

        if (!isSameBoot)
        {
            containers.MarkSweptIn(bootId);
        }
    }

    /// <summary>Ends a container that goes on although whoever had it in hand is gone, and settles that.</summary>
    public Task EndAbandonedAsync(Container container, CancellationToken cancellationToken) =>
        settler.SettleAsync(container.Id, container.Session, new JailEnd(null, OutOfMemory: false), cancellationToken);

    /// <exception cref="KleeneException">A container can have no users of its own here.</exception>
    private void RequireUsers()
    {
        if (!jails.MapsUsers)
        {
            throw new KleeneException("'--userns=auto' is Linux's, and this system has no user namespaces; leave it out");
        }

        if (!snapshots.Store.MapsOwners)
        {
            throw new KleeneException(
                $"the storage driver '{snapshots.Store.Driver}' cannot show the files of a container as its own users'; leave '--userns=auto' out, or use the driver overlay or btrfs");
        }
    }

    /// <summary>False when it runs or is about to: that is asked while nobody can start it.</summary>
    private async Task<bool> TryRemoveAsync(Container container, bool withVolumes, CancellationToken cancellationToken)
    {
        using var alone = await new ContainerDirectory(state, container.Id).LockAsync(cancellationToken);
        if (containers.TryFind(container.Id) is { } found)
        {
            if (found.State == ContainerState.Restarting || await stopper.IsBusyAsync(found, cancellationToken))
            {
                return false;
            }

            // It may have ended this very moment, and nobody has taken its jail away yet.
            await settler.SettleLockedAsync(found.Id, found.Session, end: null, cancellationToken);
        }

        await settler.DestroyAsync(container, withVolumes, cancellationToken);
        return true;
    }

    internal Task<bool> SettleAbandonedAsync(SnapshotId id, ContainerState current, string holder, CancellationToken cancellationToken) =>
        stopper.SettleAbandonedAsync(id, current, holder, cancellationToken);

    private static string NotRunning(Container container) => $"container '{container.Name}' is not running";

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
}
