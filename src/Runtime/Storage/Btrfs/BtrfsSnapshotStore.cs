using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Runtime.Storage.Btrfs;

/// <summary>
/// Snapshots as subvolumes of btrfs, one a tree: it is a workspace while it can be written to and a snapshot once it is read-only.
/// Runs no process and mounts nothing. Clones do not need their parent, so any tree can be removed at any time.
/// </summary>
public sealed class BtrfsSnapshotStore : ISnapshotStore
{
    public const string DriverName = "btrfs";

    private readonly string root;

    /// <param name="root">An absolute path on btrfs; made when missing.</param>
    public BtrfsSnapshotStore(string root)
    {
        this.root = Path.GetFullPath(root);
        Directory.CreateDirectory(this.root);
    }

    public string Driver => DriverName;

    public bool MapsOwners => true;

    public async Task<Workspace> PrepareAsync(SnapshotId id, SnapshotId? parent, WorkspaceUse use, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var trees = RootedDirectory.Open(root);
        UnixPath name = id.ToString();
        if (parent is { } parentId)
        {
            Require(trees, parentId, readOnly: true);
            Subvolume.Clone(trees, parentId.ToString(), name);
            return new Workspace(this, id, PathOf(id));
        }

        Subvolume.Create(trees, name);
        try
        {
            // The kernel subtracts the umask from the mode.
            return FileCalls.SetMode(trees.Handle, name.Terminated, PermissionBits.Directory)
                ? new Workspace(this, id, PathOf(id))
                : throw FileOperationException.Last("set the mode of", name);
        }
        catch (Exception failure)
        {
            await Cleanup.AfterAsync(failure, () => RemoveAsync(id, CancellationToken.None));
            throw;
        }
    }

    public Task<Workspace> AttachAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var trees = RootedDirectory.Open(root);
        Require(trees, id, readOnly: false);
        return Task.FromResult(new Workspace(this, id, PathOf(id)));
    }

    public async Task CommitAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        using var trees = RootedDirectory.Open(root);
        Require(trees, workspace.Id, readOnly: false);
        UnixPath name = workspace.Id.ToString();
        await Task.Run(() => Subvolume.AbsorbNested(trees, name, cancellationToken), cancellationToken);
        Subvolume.SetReadOnly(trees, name, true);
    }

    /// <summary>The subvolume is covered by a mapped mount of itself.</summary>
    public async Task<Workspace> AttachAsync(SnapshotId id, UserNamespace users, CancellationToken cancellationToken)
    {
        await DetachAsync(id, cancellationToken);
        var workspace = await AttachAsync(id, cancellationToken);
        using var cover = DetachedMount.Clone(workspace.Path, users);
        DetachedMount.Attach(cover, workspace.Path);
        return workspace;
    }

    public Task DetachAsync(SnapshotId id, CancellationToken cancellationToken) => Mounts.UnmountAsync(id, PathOf(id), cancellationToken);

    public Task<SnapshotView> OpenAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var trees = RootedDirectory.Open(root);
        Require(trees, id, readOnly: true);
        return Task.FromResult(new SnapshotView(PathOf(id)));
    }

    public Task<IReadOnlyList<TreeChange>> CompareAsync(SnapshotId before, SnapshotId after, UserRange? shown, CancellationToken cancellationToken)
    {
        using var trees = RootedDirectory.Open(root);
        Require(trees, before, readOnly: true);
        return trees.TryStat(after.ToString(), followLink: false) is { IsDirectory: true }
            ? TreeComparison.RunAsync(PathOf(before), PathOf(after), shown, mayDiffer: null, cancellationToken)
            : throw new SnapshotNotFoundException(after);
    }

    public async Task CopyAsync(SnapshotId workspace, SnapshotId? parent, SnapshotId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var trees = RootedDirectory.Open(root);
        Require(trees, workspace, readOnly: false);
        UnixPath name = id.ToString();
        Subvolume.Clone(trees, workspace.ToString(), name);
        try
        {
            await Task.Run(() => Subvolume.FillNested(trees, workspace.ToString(), name, cancellationToken), cancellationToken);
            Subvolume.SetReadOnly(trees, name, true);
        }
        catch (Exception failure)
        {
            await Cleanup.AfterAsync(failure, () => RemoveAsync(id, CancellationToken.None));
            throw;
        }
    }

    public async Task RemoveAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        await DetachAsync(id, cancellationToken);
        await Task.Run(
            () =>
            {
                using var trees = RootedDirectory.Open(root);
                Subvolume.Destroy(trees, id.ToString(), cancellationToken);
            },
            cancellationToken);
    }

    public Task<IReadOnlyList<SnapshotId>> ListAsync(CancellationToken cancellationToken) => Task.FromResult(SnapshotId.NamedIn(root));

    public Task<long> MeasureAsync(SnapshotId id, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            using var trees = RootedDirectory.Open(root);
            return FileExtents.ExclusiveBytes(trees, id.ToString(), cancellationToken);
        },
        cancellationToken);

    public Task<IReadOnlyList<long>> MeasureInOrderAsync(IReadOnlyList<SnapshotId> parentsFirst, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            using var trees = RootedDirectory.Open(root);
            return FileExtents.OwnBytes(trees, [.. parentsFirst.Select(id => (UnixPath)id.ToString())], cancellationToken);
        },
        cancellationToken);

    public Task<long> MeasureAllAsync(CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            using var trees = RootedDirectory.Open(root);
            return FileExtents.AllBytes(trees, cancellationToken);
        },
        cancellationToken);

    private string PathOf(SnapshotId id) => Path.Join(root, id.ToString());

    /// <summary>Throws unless there is such a tree, and it is what is asked for: a snapshot or a workspace.</summary>
    private static void Require(RootedDirectory trees, SnapshotId id, bool readOnly)
    {
        if (trees.TryStat(id.ToString(), followLink: false) is not { IsDirectory: true } || Subvolume.IsReadOnly(trees, id.ToString()) != readOnly)
        {
            throw new SnapshotNotFoundException(id);
        }
    }
}
