using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Runtime.Storage;

/// <summary>
/// Keeps file trees as snapshots and makes writable clones of them. The law, which <c>SnapshotStoreContract</c> holds every driver to:
/// Prepare makes a workspace; it ends by Commit, which freezes it into the snapshot of the same id, or by Remove, which leaves nothing.
/// Knows nothing of databases, images or who uses a tree: <see cref="SnapshotCatalog"/> keeps that.
/// </summary>
public interface ISnapshotStore
{
    /// <summary><c>zfs</c>, <c>btrfs</c> or <c>overlay</c>.</summary>
    string Driver { get; }

    /// <summary>Whether it can show a tree with other owners than it has, see <see cref="AttachAsync(SnapshotId, UserNamespace, CancellationToken)"/>.</summary>
    bool MapsOwners { get; }

    /// <summary>Whether the file system keeps count of what trees take: then <see cref="MeasureAllAsync"/> looks at no file, and what one tree takes changes with others.</summary>
    bool CountsItself => false;

    /// <summary>A writable clone of a snapshot, or an empty tree (owner 0:0, mode 0755) when there is no parent. Mounted where <see cref="Workspace.Path"/> says.</summary>
    /// <exception cref="SnapshotNotFoundException">There is no such parent.</exception>
    Task<Workspace> PrepareAsync(SnapshotId id, SnapshotId? parent, WorkspaceUse use, CancellationToken cancellationToken);

    /// <summary>Makes a kept workspace (see <see cref="Workspace.Keep"/>) usable again, also after a reboot.</summary>
    /// <exception cref="SnapshotNotFoundException">There is no such workspace.</exception>
    Task<Workspace> AttachAsync(SnapshotId id, CancellationToken cancellationToken);

    /// <summary>
    /// The same, with the owners of its files shown as a range of ids has them, until it is detached. On the disk, and so in every snapshot, they stay
    /// what they are in the container. Whoever makes files there does so as an <see cref="ActingUser"/>. Nobody may be using the tree.
    /// </summary>
    /// <exception cref="SnapshotNotFoundException">There is no such workspace.</exception>
    /// <exception cref="KleeneException">The kernel or the file system cannot do that.</exception>
    Task<Workspace> AttachAsync(SnapshotId id, UserNamespace users, CancellationToken cancellationToken);

    /// <summary>Freezes a workspace. Nobody may be using its tree any more. When this returns the snapshot is complete and the workspace is unmounted.</summary>
    Task CommitAsync(Workspace workspace, CancellationToken cancellationToken);

    /// <summary>Unmounts a workspace whose tree is to stay, such as a stopped container's. Done already: succeeds.</summary>
    Task DetachAsync(SnapshotId id, CancellationToken cancellationToken);

    /// <summary>A snapshot's tree to read from, until the view is disposed of.</summary>
    /// <exception cref="SnapshotNotFoundException">There is no such snapshot.</exception>
    Task<SnapshotView> OpenAsync(SnapshotId id, CancellationToken cancellationToken);

    /// <summary>What is other in one tree than in a snapshot; the same answer whichever driver gives it. See <see cref="TreeChange"/>.</summary>
    /// <param name="before">A snapshot.</param>
    /// <param name="after">Another one, related or not, or a workspace that is attached. It may be in use: then it is told as it was met.</param>
    /// <param name="shown">Whose ids a workspace shows as owners, when it was attached with such.</param>
    /// <exception cref="SnapshotNotFoundException">One of them does not exist.</exception>
    Task<IReadOnlyList<TreeChange>> CompareAsync(SnapshotId before, SnapshotId after, UserRange? shown, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a snapshot of what a workspace holds now, on the same parent. The workspace goes on and neither needs the other. Nobody may be
    /// writing to it meanwhile; whether it is attached does not matter.
    /// </summary>
    /// <param name="workspace">What is copied.</param>
    /// <param name="parent">What the workspace was prepared from.</param>
    /// <param name="id">Of the new snapshot.</param>
    /// <exception cref="SnapshotNotFoundException">There is no such workspace.</exception>
    Task CopyAsync(SnapshotId workspace, SnapshotId? parent, SnapshotId id, CancellationToken cancellationToken);

    /// <summary>Removes a snapshot or a workspace with all its files. Gone already: succeeds. Also what a crash left half made.</summary>
    /// <exception cref="SnapshotInUseException">Another tree stands on it, or something is still running in it.</exception>
    Task RemoveAsync(SnapshotId id, CancellationToken cancellationToken);

    /// <summary>The bytes that removing the snapshot would free, as the file system counts them.</summary>
    Task<long> MeasureAsync(SnapshotId id, CancellationToken cancellationToken);

    /// <summary>The same of many, in their order: where each question costs a process, all together cost one.</summary>
    async Task<IReadOnlyList<long>> MeasureAsync(IReadOnlyList<SnapshotId> ids, CancellationToken cancellationToken)
    {
        var measured = new long[ids.Count];
        await Parallel.ForAsync(0, ids.Count, cancellationToken, async (i, token) => measured[i] = await MeasureAsync(ids[i], token));
        return measured;
    }

    /// <summary>What each of some snapshots takes that none before it in the list has. Where trees have nothing in common, that is what removing them frees.</summary>
    /// <param name="parentsFirst">All snapshots there are, each after its parent.</param>
    Task<IReadOnlyList<long>> MeasureInOrderAsync(IReadOnlyList<SnapshotId> parentsFirst, CancellationToken cancellationToken) => MeasureAsync(parentsFirst, cancellationToken);

    /// <summary>The bytes that all trees take together, as the file system counts them: more than the sum of each one's where trees share their files.</summary>
    Task<long> MeasureAllAsync(CancellationToken cancellationToken);

    /// <summary>All trees of which there is anything, whole or not, in no order. Only for checks: what there is, the database knows.</summary>
    Task<IReadOnlyList<SnapshotId>> ListAsync(CancellationToken cancellationToken);
}

/// <summary>What a workspace is for: a driver may skip flushing for a build step, whose loss costs only time.</summary>
public enum WorkspaceUse
{
    BuildStep,
    Container,
}

/// <summary>There is no tree of that id.</summary>
public sealed class SnapshotNotFoundException(SnapshotId id) : KleeneException($"there is no snapshot '{id}'")
{
    public SnapshotId Id { get; } = id;
}

/// <summary>A tree cannot be removed because something stands on it or runs in it.</summary>
public sealed class SnapshotInUseException(SnapshotId id, string reason, Exception? innerException = null)
    : KleeneException($"snapshot '{id}' is in use: {reason}", innerException)
{
    public SnapshotId Id { get; } = id;
}

/// <summary>A storage driver cannot work here. The message says what is missing.</summary>
public sealed class StorageUnavailableException(string driver, string reason, Exception? innerException = null)
    : KleeneException($"storage driver '{driver}' cannot be used: {reason}", innerException)
{
    public string Driver { get; } = driver;
}
