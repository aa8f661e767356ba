using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Runtime.Containers;

/// <summary>
/// Lends the trees of containers, running or stopped, to commands that look into them. A locked file tells others: shared by those who look,
/// alone for who starts or removes the container; the kernel gives it back however a command ends. Whoever starts a container says so in its
/// record first and asks for the lock then; whoever looks takes the lock first and asks for the record then: so one of the two always sees
/// the other. A second lock, held only for moments, keeps those apart who come and go.
/// </summary>
public sealed class ContainerTrees(ContainerStore containers, ISnapshotStore store, VolumeLifecycle volumes, IJailDriver jails, StateDirectory state)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>A container's tree, mounted as long as the lease lives, and kept from being started, unmounted or removed by others.</summary>
    /// <exception cref="ContainerNotFoundException">It was removed meanwhile.</exception>
    public async Task<ContainerTree> OpenAsync(Container container, CancellationToken cancellationToken)
    {
        var directory = new ContainerDirectory(state, container.Id);
        directory.Make();
        using var door = await FileLock.TakeAsync(directory.Door, cancellationToken);
        await TidyIfLastAsync(container.Id, cancellationToken);
        var held = await FileLock.TakeAsync(directory.Lookers, cancellationToken, shared: true);
        try
        {
            if (!containers.Has(container.Id))
            {
                throw new ContainerNotFoundException(container.Name, nearest: null);
            }

            // Who starts it may be mounting the tree right now; once its jail runs that is done.
            var isRunning = containers.IsRunning(container.Id);
            while (isRunning && !await jails.IsRunningAsync(container.Id.ToString(), cancellationToken))
            {
                await Task.Delay(Pause, cancellationToken);
                isRunning = containers.IsRunning(container.Id);
            }

            var workspace = await store.AttachAsync(container.Id, cancellationToken);
            workspace.Keep();
            return new ContainerTree(this, container, workspace.Path, isRunning, jails.MountsForAll, volumes, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>
    /// For whoever starts a container, once its record says that it runs and before its tree is mounted: waits for those who look into it.
    /// One question to the file system when nobody ever did.
    /// </summary>
    public async Task WaitForLookersAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        if (File.Exists(LockOf(id)))
        {
            using var held = await FileLock.TakeAsync(LockOf(id), cancellationToken);
            await TidyAsync(id, cancellationToken);
        }
    }

    /// <summary>Unmounts the tree of a container whose record says that it does not run, unless somebody looks into it, who will do it then.</summary>
    public async Task SettleAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        if (!containers.Has(id))
        {
            return;
        }

        new ContainerDirectory(state, id).Make();
        using var held = FileLock.TryTake(LockOf(id));
        if (held is not null && containers.Has(id) && !containers.IsRunning(id))
        {
            await TidyAsync(id, cancellationToken);
            await store.DetachAsync(id, cancellationToken);
        }
    }

    /// <summary>For whoever removes a container: waits for those who look into it. Its locks go with it.</summary>
    /// <returns>To be disposed of when it is removed; null when nobody ever looked.</returns>
    public async Task<IDisposable?> CloseAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        if (!File.Exists(LockOf(id)))
        {
            return null;
        }

        var held = await FileLock.TakeAsync(LockOf(id), cancellationToken);
        File.Delete(MadeIn(id));
        File.Delete(DoorOf(id));
        File.Delete(LockOf(id));
        return held;
    }

    /// <summary>
    /// Makes what the mounts of a stopped container need to be mounted on. Whoever looks last removes it; a record says what there is, should
    /// nobody live to do it.
    /// </summary>
    internal async Task MakeMountPointsAsync(ContainerTree tree, IEnumerable<JailMount> mounts, CancellationToken cancellationToken)
    {
        using var door = await FileLock.TakeAsync(DoorOf(tree.Container.Id), cancellationToken);
        using var root = RootedDirectory.Open(tree.Path);
        using var points = new MountPoints(root);
        foreach (var mount in mounts.Where(mount => mount.IsMemory || Path.Exists(mount.Source)))
        {
            if (mount.IsMemory || Directory.Exists(mount.Source))
            {
                points.EnsureDirectory(mount.Destination);
            }
            else
            {
                points.EnsureFile(mount.Destination);
            }
        }

        if (!points.IsEmpty)
        {
            await File.AppendAllTextAsync(MadeIn(tree.Container.Id), points.ToRecord(), cancellationToken);
        }
    }

    internal async Task ReleaseAsync(SnapshotId id, FileLock held, CancellationToken cancellationToken)
    {
        using (await FileLock.TakeAsync(DoorOf(id), cancellationToken))
        {
            held.Dispose();
        }

        // The last of those who look does it, and also when it has ended since we asked.
        await SettleAsync(id, cancellationToken);
    }

    private async Task TidyIfLastAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        if (File.Exists(MadeIn(id)) && FileLock.TryTake(LockOf(id)) is { } alone)
        {
            using (alone)
            {
                await TidyAsync(id, cancellationToken);
            }
        }
    }

    /// <summary>Removes the mount points that those made who looked, and who are all gone.</summary>
    private async Task TidyAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        if (!File.Exists(MadeIn(id)))
        {
            return;
        }

        var workspace = await store.AttachAsync(id, cancellationToken);
        workspace.Keep();
        using (var tree = RootedDirectory.Open(workspace.Path))
        using (var points = MountPoints.Restore(tree, await File.ReadAllTextAsync(MadeIn(id), cancellationToken)))
        {
            points.Remove();
        }

        File.Delete(MadeIn(id));
    }

    private string LockOf(SnapshotId id) => new ContainerDirectory(state, id).Lookers;

    private string DoorOf(SnapshotId id) => new ContainerDirectory(state, id).Door;

    private string MadeIn(SnapshotId id) => new ContainerDirectory(state, id).MountPoints;
}
