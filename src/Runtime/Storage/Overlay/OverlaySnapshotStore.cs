using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Storage.Overlay;

/// <summary>
/// Snapshots as layers of overlayfs: a workspace's upper directory becomes its snapshot by a rename, and nothing is copied.
/// Runs no process. The order of the steps below is what makes a crash harmless at any of them; the README tells it.
/// </summary>
public sealed class OverlaySnapshotStore : ISnapshotStore
{
    public const string DriverName = "overlay";

    private readonly string root;
    private readonly IOverlayMounter mounter;
    private readonly int maximumLayers;

    /// <param name="root">An absolute path; made when missing.</param>
    public OverlaySnapshotStore(string root)
        : this(root, OverlayMounter.Best, OverlayMounter.Best.MaximumLower)
    {
    }

    /// <param name="maximumLayers">How many directories a snapshot may consist of before a child stands on a flat copy of it.</param>
    internal OverlaySnapshotStore(string root, IOverlayMounter mounter, int maximumLayers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumLayers, 2);
        this.root = Path.GetFullPath(root);
        this.mounter = mounter;
        this.maximumLayers = maximumLayers;
        Directory.CreateDirectory(this.root);
    }

    public string Driver => DriverName;

    public async Task<Workspace> PrepareAsync(SnapshotId id, SnapshotId? parent, WorkspaceUse use, CancellationToken cancellationToken)
    {
        var tree = Tree(id);
        MakeDirectory(tree.Directory);
        try
        {
            if (parent is { } parentId)
            {
                await StandOnAsync(tree, Tree(parentId), cancellationToken);
                MakeDirectory(tree.Merged);
                Mount(tree, use);
            }
            else
            {
                tree.WriteLower([]);
                MakeDirectory(tree.Merged);
            }

            return new Workspace(this, id, tree.Merged);
        }
        catch (Exception failure)
        {
            await Cleanup.AfterAsync(failure, () => RemoveAsync(id, CancellationToken.None));
            throw;
        }
    }

    public Task<Workspace> AttachAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        var tree = Tree(id);
        if (tree.IsSnapshot || !Directory.Exists(tree.Merged))
        {
            throw new SnapshotNotFoundException(id);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (Directory.Exists(tree.Upper) && !Mounts.IsMounted(tree.Merged))
        {
            // A work directory is not used twice: a volatile mount leaves a mark in it that no later mount accepts.
            TreeRemover.Remove(tree.Work, cancellationToken);
            MakeDirectory(tree.Work);
            Mount(tree, WorkspaceUse.Container);
        }

        return Task.FromResult(new Workspace(this, id, tree.Merged));
    }

    public async Task CommitAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        var tree = Tree(workspace.Id);
        if (!Directory.Exists(tree.Merged))
        {
            throw new SnapshotNotFoundException(tree.Id);
        }

        await Mounts.UnmountAsync(tree.Id, tree.Merged, cancellationToken);
        MakeDirectory(tree.Children);
        if (Directory.Exists(tree.Upper))
        {
            // This also takes the mount out of every other namespace that has a copy of it (rmdir(2) on a foreign mount point).
            Directory.Delete(tree.Merged);
            TreeRemover.Remove(tree.Work, cancellationToken);
            Rename(tree.Upper, tree.Frozen);
        }
        else
        {
            Rename(tree.Merged, tree.Frozen);
        }
    }

    public Task DetachAsync(SnapshotId id, CancellationToken cancellationToken) => Mounts.UnmountAsync(id, Tree(id).Merged, cancellationToken);

    public Task<SnapshotView> OpenAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var tree = Tree(id);
        if (!tree.IsSnapshot)
        {
            throw new SnapshotNotFoundException(id);
        }

        var layers = tree.Layers();
        if (layers is [var only])
        {
            return Task.FromResult(new SnapshotView(Path.Join(root, only)));
        }

        // "/." makes a directory of what lstat(2) would show as a symbolic link.
        var mount = mounter.MountDetached(root, new OverlayLayers(layers));
        var path = $"/proc/{Environment.ProcessId}/fd/{mount.DangerousGetHandle()}/.";
        return Task.FromResult(new SnapshotView(path, () =>
        {
            mount.Dispose();
            return ValueTask.CompletedTask;
        }));
    }

    public async Task RemoveAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        var tree = Tree(id);
        if (Directory.Exists(tree.Directory))
        {
            // Removing the empty directory decides the race with a child that is being prepared: its mark then has no place.
            if (Directory.Exists(tree.Children) && !TryRemoveEmpty(tree.Children))
            {
                throw new SnapshotInUseException(id, "other trees stand on it");
            }

            await Mounts.UnmountAsync(id, tree.Merged, cancellationToken);
            Rename(tree.Directory, tree.Doomed);
        }

        if (Directory.Exists(tree.Doomed))
        {
            await Task.Run(() => RemoveDoomed(tree, cancellationToken), cancellationToken);
        }
    }

    public Task<long> MeasureAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        var tree = Tree(id);
        return Task.Run(() => TreeMeasure.Bytes(tree.Directory, cancellationToken), cancellationToken);
    }

    private OverlayTree Tree(SnapshotId id) => new(root, id);

    /// <summary>Ties a tree to its parent: first the note which parent, then the mark at the parent, so that no mark is without a note.</summary>
    private async Task StandOnAsync(OverlayTree tree, OverlayTree parent, CancellationToken cancellationToken)
    {
        if (!parent.IsSnapshot)
        {
            throw new SnapshotNotFoundException(parent.Id);
        }

        var chain = parent.Layers();
        tree.WriteLower(chain);
        Mark(parent, tree.Id);
        if (chain.Length >= maximumLayers)
        {
            await Task.Run(() => Flatten(tree, parent, chain, cancellationToken), cancellationToken);
            tree.WriteLower(parent.Layers());
        }

        MakeDirectory(tree.Upper);
        MakeDirectory(tree.Work);
        using var newest = OpenDirectory.Open(Path.Join(root, chain[0]));
        using var upper = OpenDirectory.Open(tree.Upper);
        TreeCopier.CopyAttributes(newest, ".\0"u8, upper, ".\0"u8, newest.Stat());
    }

    /// <summary>
    /// Gives a snapshot with too many layers a copy of its whole tree. It is made in the child's directory and moved to the parent,
    /// where later children find it; of two that make it at once one keeps the other's.
    /// </summary>
    private void Flatten(OverlayTree child, OverlayTree parent, string[] chain, CancellationToken cancellationToken)
    {
        MakeDirectory(child.Flat);
        using (var mount = mounter.MountDetached(root, new OverlayLayers(chain)))
        {
            TreeCopier.Copy($"/proc/self/fd/{mount.DangerousGetHandle()}/.", child.Flat, cancellationToken);
        }

        using var from = OpenDirectory.Open(child.Directory);
        using var to = OpenDirectory.Open(parent.Directory);
        var name = OpenDirectory.Name(OverlayTree.FlatName);
        if (NativeMethods.renameat(from.Handle, name, to.Handle, name) == 0)
        {
            return;
        }

        if (Errno.Last is not (Errno.ENOTEMPTY or Errno.EEXIST))
        {
            throw Errno.LastException($"rename '{child.Flat}'");
        }

        TreeRemover.Remove(child.Flat, cancellationToken);
    }

    private void Mount(OverlayTree tree, WorkspaceUse use)
    {
        var layers = new OverlayLayers(tree.ReadLower(), tree.Relative(OverlayTree.UpperName), tree.Relative(OverlayTree.WorkName)) { IsVolatile = use == WorkspaceUse.BuildStep };
        mounter.Mount(root, layers, tree.Merged);

        // What a jail mounts in the tree must not appear in other namespaces. The mount itself keeps its parent's propagation,
        // so that unmounting reaches the namespaces that received it.
        if (NativeMethods.mount(null, tree.Merged, null, NativeMethods.MS_PRIVATE, null) != 0)
        {
            throw Errno.LastException($"make '{tree.Merged}' private");
        }
    }

    private static void RemoveDoomed(OverlayTree tree, CancellationToken cancellationToken)
    {
        // The mark goes first: what is left can no longer be used, and a second attempt finds the note still there.
        var note = Path.Join(tree.Doomed, "lower");
        if (File.Exists(note) && OverlayTree.Owner(File.ReadLines(note).FirstOrDefault()) is { } parent)
        {
            var marker = new OverlayTree(tree.Root, parent).Marker(tree.Id);
            if (Directory.Exists(Path.GetDirectoryName(marker)))
            {
                File.Delete(marker);
            }
        }

        TreeRemover.Remove(tree.Doomed, cancellationToken);
    }

    private static void Mark(OverlayTree parent, SnapshotId child)
    {
        try
        {
            using var marker = File.Create(parent.Marker(child));
        }
        catch (DirectoryNotFoundException)
        {
            // It is being removed.
            throw new SnapshotNotFoundException(parent.Id);
        }
    }

    private static void MakeDirectory(string path)
    {
        using var parent = OpenDirectory.Open(Path.GetDirectoryName(path)!); // A tree's directories are never the root.
        var name = OpenDirectory.Name(Path.GetFileName(path));

        // mkdir(2) subtracts the umask from the mode.
        if (NativeMethods.mkdirat(parent.Handle, name, 0x1ED) != 0 || NativeMethods.fchmodat(parent.Handle, name, 0x1ED, flags: 0) != 0)
        {
            throw Errno.LastException($"mkdir '{path}'");
        }
    }

    private static void Rename(string from, string to) => Directory.Move(from, to);

    private static bool TryRemoveEmpty(string directory)
    {
        using var parent = OpenDirectory.Open(Path.GetDirectoryName(directory)!); // Children stand in a tree's directory.
        if (NativeMethods.unlinkat(parent.Handle, OpenDirectory.Name(Path.GetFileName(directory)), NativeMethods.AT_REMOVEDIR) == 0
            || Errno.Last == Errno.ENOENT)
        {
            return true;
        }

        return Errno.Last is Errno.ENOTEMPTY or Errno.EEXIST ? false : throw Errno.LastException($"rmdir '{directory}'");
    }
}
