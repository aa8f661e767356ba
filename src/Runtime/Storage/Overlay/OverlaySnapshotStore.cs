using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Users;
using Microsoft.Win32.SafeHandles;

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

    public bool MapsOwners => true;

    public async Task<Workspace> PrepareAsync(SnapshotId id, SnapshotId? parent, WorkspaceUse use, CancellationToken cancellationToken)
    {
        var tree = Tree(id);
        using var trees = RootedDirectory.Open(root);
        Make(trees, id.ToString());
        var grewParent = false;
        try
        {
            if (parent is { } parentId)
            {
                grewParent = await StandOnAsync(trees, tree, Tree(parentId), cancellationToken);
                Mount(tree, use);
            }
            else
            {
                tree.WriteLower([]);
                Make(trees, tree.Relative(OverlayTree.UpperName));
            }

            return new Workspace(this, id, tree.Visible) { GrewParent = grewParent };
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
            RenewWork(tree, cancellationToken);
            Mount(tree, WorkspaceUse.Container);
        }

        return Task.FromResult(new Workspace(this, id, tree.Visible));
    }

    public async Task<Workspace> AttachAsync(SnapshotId id, UserNamespace users, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var tree = Tree(id);
        if (!tree.IsWorkspace || !tree.IsMountable)
        {
            // A workspace that stands on nothing is no container's.
            throw new SnapshotNotFoundException(id);
        }

        await Mounts.UnmountAsync(id, tree.Merged, cancellationToken);
        RenewWork(tree, cancellationToken);
        using var mount = MappedOverlay.Mount(mounter, root, LayersOf(tree, WorkspaceUse.Container), users);
        Place(mount, tree.Merged);
        return new Workspace(this, id, tree.Merged);
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

    public async Task<IReadOnlyList<TreeChange>> CompareAsync(SnapshotId before, SnapshotId after, UserRange? shown, CancellationToken cancellationToken)
    {
        var (old, now) = (Tree(before), Tree(after));
        await using var oldView = await OpenAsync(before, cancellationToken);
        await using var nowView = now.IsWorkspace ? new SnapshotView(now.Visible) : await OpenAsync(after, cancellationToken);
        using var touched = TouchedDirectories.Between(root, old, now);
        return await TreeComparison.RunAsync(oldView.Path, nowView.Path, shown, touched is null ? null : touched.Contains, cancellationToken);
    }

    public async Task CopyAsync(SnapshotId workspace, SnapshotId? parent, SnapshotId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (source, tree) = (Tree(workspace), Tree(id));
        if (!source.IsWorkspace)
        {
            throw new SnapshotNotFoundException(workspace);
        }

        using var trees = RootedDirectory.Open(root);
        Make(trees, id.ToString());
        try
        {
            if (parent is { } parentId && !ParentLink.TryMake(trees, tree, Tree(parentId)))
            {
                throw new SnapshotNotFoundException(parentId);
            }

            tree.WriteLower(source.ReadLower());
            Make(trees, tree.Relative(OverlayTree.UpperName));
            await Task.Run(() => LayerCopy.Make(trees, source.Relative(OverlayTree.UpperName), tree.Relative(OverlayTree.UpperName), cancellationToken), cancellationToken);
            Directory.Move(tree.Upper, tree.Frozen);
        }
        catch (Exception failure)
        {
            await Cleanup.AfterAsync(failure, () => RemoveAsync(id, CancellationToken.None));
            throw;
        }
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
            using var trees = RootedDirectory.Open(root);
            await Task.Run(() => trees.RemoveTree(tree.DoomedName, cancellationToken), cancellationToken);
        }
    }

    public Task<long> MeasureAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        var tree = Tree(id);
        return Task.Run(() => TreeMeasure.Bytes(tree.Directory, cancellationToken), cancellationToken);
    }

    public Task<long> MeasureAllAsync(CancellationToken cancellationToken) => Task.Run(() => TreeMeasure.Bytes(root, cancellationToken), cancellationToken);

    /// <summary>Waits until nothing is left of committed workspaces but their snapshots. What is not waited for goes with the snapshot.</summary>
    public async ValueTask DisposeAsync() => await tidying;

    public Task<IReadOnlyList<SnapshotId>> ListAsync(CancellationToken cancellationToken) => Task.FromResult(SnapshotId.NamedIn(root));

    private OverlayTree Tree(SnapshotId id) => new(root, id);

    /// <summary>Makes a tree all that it is before it is mounted.</summary>
    /// <returns>Whether the parent was given a flat copy.</returns>
    private async Task<bool> StandOnAsync(RootedDirectory trees, OverlayTree tree, OverlayTree parent, CancellationToken cancellationToken)
    {
        if (!parent.IsSnapshot || !ParentLink.TryMake(trees, tree, parent))
        {
            throw new SnapshotNotFoundException(parent.Id);
        }

        var chain = parent.Layers();
        var isTooLong = chain.Length >= maximumLayers;
        if (isTooLong)
        {
            await Task.Run(() => Flatten(trees, tree, parent, chain, cancellationToken), cancellationToken);
            chain = parent.Layers();
        }

        tree.WriteLower(chain);
        Make(trees, tree.Relative(OverlayTree.UpperName));
        Make(trees, tree.Relative(OverlayTree.WorkName));
        Make(trees, tree.Relative(OverlayTree.MergedName));

        // The root of the mount looks as the upper directory does.
        new TreeCopier(trees, trees, owner: null, cancellationToken).CopyAttributes(chain[0], tree.Relative(OverlayTree.UpperName));
        return isTooLong;
    }

    private static void Make(RootedDirectory trees, UnixPath path) => trees.CreateDirectory(path, PermissionBits.Directory, FileOwner.Root);

    /// <summary>
    /// Gives a snapshot with too many layers a copy of its whole tree. It is made in the child's directory and moved to the parent,
    /// where later children find it; of two that make it at once one keeps the other's.
    /// </summary>
    private void Flatten(RootedDirectory trees, OverlayTree child, OverlayTree parent, string[] chain, CancellationToken cancellationToken)
    {
        var flat = child.Relative(OverlayTree.FlatName);
        Make(trees, flat);
        using (var mount = mounter.MountDetached(root, new OverlayLayers(chain)))
        using (var merged = RootedDirectory.Open($"/proc/self/fd/{mount.DangerousGetHandle()}/."))
        {
            new TreeCopier(merged, trees, owner: null, cancellationToken).CopyTree(UnixPath.Empty, flat);
        }

        try
        {
            trees.Rename(flat, parent.Relative(OverlayTree.FlatName));
        }
        catch (FileOperationException exception) when (exception.ErrorNumber == Errno.EEXIST || exception.ErrorNumber == Errno.ENOTEMPTY)
        {
            trees.RemoveTree(flat, cancellationToken);
        }
    }

    private void Mount(OverlayTree tree, WorkspaceUse use)
    {
        mounter.Mount(root, LayersOf(tree, use), tree.Merged);
        MakePrivate(tree.Merged);
    }

    private static void Place(SafeFileHandle mount, string target)
    {
        DetachedMount.Attach(mount, target);
        MakePrivate(target);
    }

    private static OverlayLayers LayersOf(OverlayTree tree, WorkspaceUse use) =>
        new(tree.ReadLower(), tree.Relative(OverlayTree.UpperName), tree.Relative(OverlayTree.WorkName)) { IsVolatile = use == WorkspaceUse.BuildStep };

    /// <summary>A work directory is not used twice: a volatile mount leaves a mark in it that no later mount accepts.</summary>
    private void RenewWork(OverlayTree tree, CancellationToken cancellationToken)
    {
        using var trees = RootedDirectory.Open(root);
        trees.RemoveTree(tree.Relative(OverlayTree.WorkName), cancellationToken);
        Make(trees, tree.Relative(OverlayTree.WorkName));
    }

    /// <summary>
    /// What a jail mounts in the tree must not appear in other namespaces. The mount itself keeps its parent's propagation, so that unmounting
    /// reaches the namespaces that received it.
    /// </summary>
    private static void MakePrivate(string mountPoint)
    {
        if (NativeMethods.mount(null, mountPoint, null, NativeMethods.MS_PRIVATE, null) != 0)
        {
            throw Errno.LastException($"make '{mountPoint}' private");
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

    private void Tidy(OverlayTree tree)
    {
        try
        {
            // This also takes the mount out of every other namespace that has a copy of it: rmdir(2) detaches what is mounted elsewhere.
            using var trees = RootedDirectory.Open(root);
            trees.RemoveTree(tree.Relative(OverlayTree.MergedName), CancellationToken.None);
            trees.RemoveTree(tree.Relative(OverlayTree.WorkName), CancellationToken.None);
        }
        catch (KleeneException)
        {
            // Nobody looks at it any more, and removing the snapshot removes it too.
        }
    }
}
