using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Runtime.Storage.Zfs;

/// <summary>
/// Snapshots as file systems of ZFS, one a tree, directly below one dataset. A tree is a snapshot once it has the ZFS snapshot <c>@kleene</c>,
/// from which its children are cloned. Only workspaces and opened snapshots are mounted.
/// <para>
/// No process may be left in a tree that is committed, detached or removed, and its jail must be gone altogether, not only stopped:
/// taking the mount away under a jail leaves orphans on FreeBSD and hangs zfs-fuse for good. The caller guarantees it.
/// </para>
/// </summary>
public sealed class ZfsSnapshotStore : ISnapshotStore, IDatasetImporter, IQuotaKeeper
{
    public const string DriverName = "zfs";

    private const string FrozenName = "kleene";

    private readonly IProcessRunner runner;
    private readonly DatasetName dataset;
    private readonly string mountRoot;
    private readonly ZfsTool zfs;
    private readonly ZfsViews views;
    private readonly ZfsTransfer transfer;

    /// <param name="dataset">An existing file system that nobody else makes children of.</param>
    /// <param name="mountRoot">An absolute path; made when missing. Best the place where <paramref name="dataset"/> itself is mounted.</param>
    /// <param name="isFreeBsd">Whether the kernel is FreeBSD's.</param>
    public ZfsSnapshotStore(IProcessRunner runner, DatasetName dataset, string mountRoot, bool isFreeBsd = false)
    {
        this.runner = runner;
        this.dataset = dataset;
        this.mountRoot = Path.GetFullPath(mountRoot);
        zfs = isFreeBsd ? new ZfsTool(runner, ZfsTool.FreeBsdProgram) : new ZfsTool(runner);
        views = new ZfsViews(zfs, this.mountRoot);
        transfer = new ZfsTransfer(runner, zfs);
        Directory.CreateDirectory(this.mountRoot);
        if (!isFreeBsd && File.Exists("/proc/self/mountinfo"))
        {
            // A namespace that copied a mount of ours would keep the dataset busy until it ends. Below a shared mount, unmounting reaches it.
            Mounts.MakeShared(this.mountRoot);
        }
    }

    public string Driver => DriverName;

    /// <summary>OpenZFS could since 2.2, and on Linux alone.</summary>
    public bool MapsOwners => false;

    public bool CountsItself => true;

    /// <summary>Which ZFS this is, for <c>kleene system info</c>. zfs-fuse and OpenZFS before 0.8 do not say.</summary>
    public async Task<string> DescribeAsync(CancellationToken cancellationToken)
    {
        var result = await runner.RunAsync(zfs.Command("version"), ProcessOutput.Captured, cancellationToken);
        return result.Exit.Success ? result.Output.Split('\n')[0].Trim() : "a ZFS without 'zfs version', such as zfs-fuse";
    }

    public async Task<Workspace> PrepareAsync(SnapshotId id, SnapshotId? parent, WorkspaceUse use, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var tree = NameOf(id);
        if (parent is { } parentId)
        {
            var origin = FrozenOf(parentId);
            if (await zfs.TryRunAsync(origin, origin, ["clone", .. Properties(id), origin, tree]) is { } failure)
            {
                throw failure == ZfsFailure.Missing ? new SnapshotNotFoundException(parentId) : Unexpected(failure, "clone", tree);
            }
        }
        else
        {
            await zfs.RunAsync(["create", .. Properties(id), tree]);
        }

        try
        {
            await MountAsync(id);
            return new Workspace(this, id, PathOf(id));
        }
        catch (Exception failure)
        {
            await Cleanup.AfterAsync(failure, () => RemoveAsync(id, CancellationToken.None));
            throw;
        }
    }

    public Task<Workspace> AttachAsync(SnapshotId id, UserNamespace users, CancellationToken cancellationToken) => throw new KleeneException("the storage driver zfs shows owners as they are; leave '--userns=auto' out, or use the driver overlay or btrfs");

    public async Task<Workspace> AttachAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (await IsFrozenAsync(id) || !await MountAsync(id))
        {
            throw new SnapshotNotFoundException(id);
        }

        return new Workspace(this, id, PathOf(id));
    }

    public async Task CommitAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        var id = workspace.Id;
        if (!await UnmountAsync(id, cancellationToken))
        {
            throw new SnapshotNotFoundException(id);
        }

        switch (await zfs.TryRunAsync(FrozenOf(id), NameOf(id), "snapshot", FrozenOf(id)))
        {
            case null:
                return;
            case ZfsFailure.Exists or ZfsFailure.Missing:
                throw new SnapshotNotFoundException(id);
            case var failure:
                throw Unexpected(failure.Value, "snapshot", NameOf(id));
        }
    }

    public Task DetachAsync(SnapshotId id, CancellationToken cancellationToken) => UnmountAsync(id, cancellationToken);

    public async Task<SnapshotView> OpenAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return await IsFrozenAsync(id)
            ? await views.OpenAsync(NameOf(id), PathOf(id), cancellationToken)
            : throw new SnapshotNotFoundException(id);
    }

    public async Task<IReadOnlyList<TreeChange>> CompareAsync(SnapshotId before, SnapshotId after, UserRange? shown, CancellationToken cancellationToken)
    {
        await using var old = await OpenAsync(before, cancellationToken);
        if (!await IsFrozenAsync(after))
        {
            return Directory.Exists(PathOf(after))
                ? await TreeComparison.RunAsync(old.Path, PathOf(after), shown, mayDiffer: null, cancellationToken)
                : throw new SnapshotNotFoundException(after);
        }

        await using var now = await OpenAsync(after, cancellationToken);
        return await TreeComparison.RunAsync(old.Path, now.Path, shown, mayDiffer: null, cancellationToken);
    }

    public async Task CopyAsync(SnapshotId workspace, SnapshotId? parent, SnapshotId id, CancellationToken cancellationToken)
    {
        if (await IsFrozenAsync(workspace))
        {
            throw new SnapshotNotFoundException(workspace);
        }

        try
        {
            // Sent from the parent on it becomes a clone of that, and not of the workspace, which may go before it.
            await CopyAsync(dataset.Child(workspace.ToString()), parent is { } origin ? dataset.Child(origin.ToString()).Snapshot(FrozenName) : null, id, cancellationToken);
        }
        catch (DatasetNotFoundException)
        {
            throw new SnapshotNotFoundException(workspace);
        }
    }

    public async Task RemoveAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        var tree = NameOf(id);
        switch (await zfs.TryRunWhileBusyAsync(tree, PathOf(id), cancellationToken, "destroy", "-r", tree))
        {
            case null or ZfsFailure.Missing:
                RemoveMountPoint(id);
                views.Forget(PathOf(id));
                return;
            case ZfsFailure.HasClones:
                throw new SnapshotInUseException(id, "other trees stand on it");
            case ZfsFailure.Busy:
                throw new SnapshotInUseException(id, $"something is still running in '{PathOf(id)}', or a mount namespace holds it");
            case var failure:
                throw Unexpected(failure.Value, "destroy", tree);
        }
    }

    public Task<long> MeasureAsync(SnapshotId id, CancellationToken cancellationToken) => UsedAsync(NameOf(id), cancellationToken);

    public async Task<IReadOnlyList<long>> MeasureAsync(IReadOnlyList<SnapshotId> ids, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (ids.Count == 0)
        {
            return [];
        }

        // Of all there are, snapshots too: which kinds are wanted zfs-fuse cannot be told here.
        var lines = await zfs.RunAsync("get", "-Hp", "-r", "-o", "name,value", "used", dataset.ToString());
        var used = lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')).ToDictionary(fields => fields[0], fields => fields[1], StringComparer.Ordinal);
        return [.. ids.Select(id => used.TryGetValue(NameOf(id), out var bytes) ? long.Parse(bytes, System.Globalization.CultureInfo.InvariantCulture) : throw new SnapshotNotFoundException(id))];
    }

    public Task<long> MeasureAllAsync(CancellationToken cancellationToken) => UsedAsync(dataset.ToString(), cancellationToken);

    public async Task<IReadOnlyList<SnapshotId>> ListAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var names = await zfs.RunAsync("list", "-H", "-o", "name", "-t", "filesystem", "-r", dataset.ToString());
        var found = new List<SnapshotId>();
        foreach (var name in names.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Path.GetDirectoryName(name) == dataset.ToString() && SnapshotId.TryParse(Path.GetFileName(name), out var id))
            {
                found.Add(id);
            }
        }

        return found;
    }

    /// <summary>With all that stands below it (zfsprops(7)).</summary>
    private async Task<long> UsedAsync(string name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var used = await zfs.RunAsync("get", "-Hp", "-o", "value", "used", name);
        return long.Parse(used.Trim(), System.Globalization.CultureInfo.InvariantCulture);
    }

    public async Task LimitAsync(SnapshotId id, long bytes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await zfs.RunAsync("set", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"refquota={bytes}"), NameOf(id));
    }

    public Task CopyDatasetAsync(DatasetName source, SnapshotId id, CancellationToken cancellationToken) => CopyAsync(source, since: null, id, cancellationToken);

    private async Task CopyAsync(DatasetName source, DatasetName? since, SnapshotId id, CancellationToken cancellationToken)
    {
        await using var origin = await transfer.FreezeAsync(source, id);
        try
        {
            var received = await transfer.SendAsync(origin.Name, since, dataset.Child(id.ToString()), cancellationToken);

            // zfs-fuse knows neither "receive -o" nor "set" of several properties at once.
            foreach (var property in MountProperties(id))
            {
                await zfs.RunAsync("set", property, NameOf(id));
            }

            await zfs.RunAsync("rename", received.ToString(), FrozenOf(id));
        }
        catch (Exception failure)
        {
            await Cleanup.AfterAsync(failure, () => RemoveAsync(id, CancellationToken.None));
            throw;
        }
    }

    public async Task CloneDatasetAsync(DatasetName source, SnapshotId id, CancellationToken cancellationToken)
    {
        if (source.Pool != dataset.Pool)
        {
            throw new KleeneException($"cannot clone '{source}': it is not in pool '{dataset.Pool}'; copy it instead");
        }

        // A snapshot that was made for this is destroyed with the last clone of it (zfs destroy -d).
        await using var origin = await transfer.FreezeAsync(source, id);
        await zfs.RunAsync(["clone", .. Properties(id), origin.Name.ToString(), NameOf(id)]);
        try
        {
            await UnmountAsync(id, cancellationToken);
            await zfs.RunAsync("snapshot", FrozenOf(id));
        }
        catch (Exception failure)
        {
            await Cleanup.AfterAsync(failure, () => RemoveAsync(id, CancellationToken.None));
            throw;
        }
    }

    private string NameOf(SnapshotId id) => dataset.Child(id.ToString()).ToString();

    private string FrozenOf(SnapshotId id) => dataset.Child(id.ToString()).Snapshot(FrozenName).ToString();

    private string PathOf(SnapshotId id) => Path.Join(mountRoot, id.ToString());

    private string[] MountProperties(SnapshotId id) => ["canmount=noauto", $"mountpoint={PathOf(id)}"];

    private string[] Properties(SnapshotId id) => [.. MountProperties(id).SelectMany(property => new[] { "-o", property })];

    /// <summary>False when there is no such tree.</summary>
    private async Task<bool> MountAsync(SnapshotId id) => await zfs.TryRunAsync(NameOf(id), PathOf(id), "mount", NameOf(id)) switch
    {
        // zfs-fuse mounts what it clones, whatever canmount says.
        null or ZfsFailure.AlreadyMounted => true,
        ZfsFailure.Missing => false,
        var failure => throw Unexpected(failure.Value, "mount", NameOf(id)),
    };

    /// <summary>Leaves nothing mounted, so that hundreds of snapshots cost no more than their datasets. False when there is no such tree.</summary>
    private async Task<bool> UnmountAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        switch (await zfs.TryRunWhileBusyAsync(NameOf(id), PathOf(id), cancellationToken, "unmount", NameOf(id)))
        {
            case null or ZfsFailure.NotMounted:
                RemoveMountPoint(id);
                return true;
            case ZfsFailure.Missing:
                return false;
            case ZfsFailure.Busy:
                throw new SnapshotInUseException(id, $"something is still running in '{PathOf(id)}', or is mounted there");
            case var failure:
                throw Unexpected(failure.Value, "unmount", NameOf(id));
        }
    }

    private async Task<bool> IsFrozenAsync(SnapshotId id) =>
        await zfs.TryRunAsync(FrozenOf(id), FrozenOf(id), "list", "-H", "-o", "name", FrozenOf(id)) switch
        {
            null => true,
            ZfsFailure.Missing => false,
            var failure => throw Unexpected(failure.Value, "list", FrozenOf(id)),
        };

    /// <summary>Not every ZFS takes away the directory that it made for a mount. One that is not empty is not ours to judge.</summary>
    private void RemoveMountPoint(SnapshotId id)
    {
        var path = PathOf(id);
        if (Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any())
        {
            Directory.Delete(path);
        }
    }

    private static KleeneException Unexpected(ZfsFailure failure, string operation, string name) => failure == ZfsFailure.NoSpace
        ? new KleeneException($"cannot {operation} '{name}': the pool is out of space")
        : new KleeneException($"cannot {operation} '{name}': zfs says that it is {failure}");
}
