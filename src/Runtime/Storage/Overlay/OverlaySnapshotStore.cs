using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Storage.Overlay;

/// <summary>
/// Snapshots as layers of overlayfs: a workspace's upper directory becomes its snapshot by a rename, and nothing is copied.
/// Runs no process. The order of the steps below is what makes a crash harmless at any of them; the README tells it.
/// </summary>
public sealed class OverlaySnapshotStore : ISnapshotStore, IAsyncDisposable
{
    public const string DriverName = "overlay";

    private readonly string root;
    private readonly IOverlayMounter mounter;
    private readonly int maximumLayers;
    private readonly Lock gate = new();
    private Task tidying = Task.CompletedTask;

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
        OpenDirectory.Make(tree.Directory);
        try
        {
            if (parent is { } parentId)
            {
                await StandOnAsync(tree, Tree(parentId), cancellationToken);
                Mount(tree, use);
            }
            else
            {
                tree.WriteLower([]);
                OpenDirectory.Make(tree.Upper);
            }

            return new Workspace(this, id, tree.Visible);
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
        var tree = Tree(id);
        if (!tree.IsWorkspace)
        {
            throw new SnapshotNotFoundException(id);
        }

        if (tree.IsMountable && !Mounts.IsMounted(tree.Merged))
        {
            // A work directory is not used twice: a volatile mount leaves a mark in it that no later mount accepts.
            TreeRemover.Remove(tree.Work, cancellationToken);
            OpenDirectory.Make(tree.Work);
            Mount(tree, WorkspaceUse.Container);
        }

        return Task.FromResult(new Workspace(this, id, tree.Visible));
    }

    public async Task CommitAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var tree = Tree(workspace.Id);
        if (!tree.IsWorkspace)
        {
            throw new SnapshotNotFoundException(tree.Id);
        }

        var wasMountable = tree.IsMountable;
        if (wasMountable)
        {
            await Mounts.UnmountAsync(tree.Id, tree.Merged, cancellationToken);
        }

        Directory.Move(tree.Upper, tree.Frozen);
        if (wasMountable)
        {
            TidyLater(tree);
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
            ParentLink.RefuseWhenStoodOn(id, tree.Lower);
            await Mounts.UnmountAsync(id, tree.Merged, cancellationToken);
            ParentLink.Doom(tree);
        }

        if (Directory.Exists(tree.Doomed))
        {
            await Task.Run(() => TreeRemover.Remove(tree.Doomed, cancellationToken), cancellationToken);
        }
    }

    public Task<long> MeasureAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        var tree = Tree(id);
        return Task.Run(() => TreeMeasure.Bytes(tree.Directory, cancellationToken), cancellationToken);
    }

    /// <summary>Waits until nothing is left of committed workspaces but their snapshots. What is not waited for goes with the snapshot.</summary>
    public async ValueTask DisposeAsync() => await tidying;

    private OverlayTree Tree(SnapshotId id) => new(root, id);

    /// <summary>Makes a tree all that it is before it is mounted.</summary>
    private async Task StandOnAsync(OverlayTree tree, OverlayTree parent, CancellationToken cancellationToken)
    {
        if (!parent.IsSnapshot || !ParentLink.TryMake(tree, parent))
        {
            throw new SnapshotNotFoundException(parent.Id);
        }

        var chain = parent.Layers();
        if (chain.Length >= maximumLayers)
        {
            await Task.Run(() => Flatten(tree, parent, chain, cancellationToken), cancellationToken);
            chain = parent.Layers();
        }

        tree.WriteLower(chain);
        OpenDirectory.Make(tree.Upper);
        OpenDirectory.Make(tree.Work);
        OpenDirectory.Make(tree.Merged);

        // The root of the mount looks as the upper directory does.
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
        OpenDirectory.Make(child.Flat);
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
        var layers = new OverlayLayers(tree.ReadLower(), tree.Relative(OverlayTree.UpperName), tree.Relative(OverlayTree.WorkName))
        {
            IsVolatile = use == WorkspaceUse.BuildStep,
        };
        mounter.Mount(root, layers, tree.Merged);

        // What a jail mounts in the tree must not appear in other namespaces. The mount itself keeps its parent's propagation,
        // so that unmounting reaches the namespaces that received it.
        if (NativeMethods.mount(null, tree.Merged, null, NativeMethods.MS_PRIVATE, null) != 0)
        {
            throw Errno.LastException($"make '{tree.Merged}' private");
        }
    }

    /// <summary>
    /// Removes what overlayfs needed for a workspace while the caller goes on: six inodes, for which a file system that discards freed blocks
    /// at once may take longer than for all the rest of a step.
    /// </summary>
    private void TidyLater(OverlayTree tree)
    {
        lock (gate)
        {
            var work = Task.Run(() => Tidy(tree));
            tidying = tidying.IsCompleted ? work : Task.WhenAll(tidying, work);
        }
    }

    private static void Tidy(OverlayTree tree)
    {
        try
        {
            // This also takes the mount out of every other namespace that has a copy of it: rmdir(2) detaches what is mounted elsewhere.
            TreeRemover.Remove(tree.Merged, CancellationToken.None);
            TreeRemover.Remove(tree.Work, CancellationToken.None);
        }
        catch (IOException)
        {
            // Nobody looks at it any more, and removing the snapshot removes it too.
        }
    }
}
