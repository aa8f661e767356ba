using Kleene.Build.Runtime.Native;
using Calls = Kleene.Build.Runtime.Storage.NativeMethods;

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

    public async Task<Workspace> PrepareAsync(SnapshotId id, SnapshotId? parent, WorkspaceUse use, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var directory = OpenDirectory.Open(root);
        var name = OpenDirectory.Name(id.ToString());
        if (parent is { } parentId)
        {
            using var source = OpenSnapshot(directory, parentId);
            Subvolume.Clone(source, directory, name);
            return new Workspace(this, id, PathOf(id));
        }

        Subvolume.Create(directory, name);
        try
        {
            // The kernel subtracts the umask from the mode.
            if (Calls.fchmodat(directory.Handle, name, 0x1ED, flags: 0) != 0)
            {
                throw Errno.LastException($"chmod '{PathOf(id)}'");
            }

            return new Workspace(this, id, PathOf(id));
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
        using var workspace = OpenWorkspace(id);
        return Task.FromResult(new Workspace(this, id, PathOf(id)));
    }

    public async Task CommitAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        using var subvolume = OpenWorkspace(workspace.Id);
        await Task.Run(() => Subvolume.AbsorbNested(subvolume, cancellationToken), cancellationToken);
        Subvolume.SetReadOnly(subvolume, true);
    }

    public Task DetachAsync(SnapshotId id, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<SnapshotView> OpenAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var directory = OpenDirectory.Open(root);
        using var snapshot = OpenSnapshot(directory, id);
        return Task.FromResult(new SnapshotView(PathOf(id)));
    }

    public Task RemoveAsync(SnapshotId id, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            using var directory = OpenDirectory.Open(root);
            Subvolume.Destroy(directory, OpenDirectory.Name(id.ToString()), cancellationToken);
        },
        cancellationToken);

    public Task<long> MeasureAsync(SnapshotId id, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            using var directory = OpenDirectory.TryOpen(PathOf(id));
            return directory is null ? 0 : ExclusiveSpace.Bytes(directory, cancellationToken);
        },
        cancellationToken);

    private string PathOf(SnapshotId id) => Path.Join(root, id.ToString());

    private static OpenDirectory OpenSnapshot(OpenDirectory directory, SnapshotId id) => OpenTree(directory, id, readOnly: true);

    private OpenDirectory OpenWorkspace(SnapshotId id)
    {
        using var directory = OpenDirectory.Open(root);
        return OpenTree(directory, id, readOnly: false);
    }

    private static OpenDirectory OpenTree(OpenDirectory directory, SnapshotId id, bool readOnly)
    {
        var tree = directory.TryOpenChild(OpenDirectory.Name(id.ToString())) ?? throw new SnapshotNotFoundException(id);
        if (Subvolume.IsReadOnly(tree) == readOnly)
        {
            return tree;
        }

        tree.Dispose();
        throw new SnapshotNotFoundException(id);
    }
}
