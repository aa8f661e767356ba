using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Runtime.Tests.Storage;

/// <summary>A machine that stops between the two steps of a removal.</summary>
internal sealed class DiesAtRemoval(ISnapshotStore inner) : ISnapshotStore
{
    public string Driver => inner.Driver;

    public bool MapsOwners => inner.MapsOwners;

    public Task<Workspace> PrepareAsync(SnapshotId id, SnapshotId? parent, WorkspaceUse use, CancellationToken cancellationToken) => inner.PrepareAsync(id, parent, use, cancellationToken);

    public Task<Workspace> AttachAsync(SnapshotId id, CancellationToken cancellationToken) => inner.AttachAsync(id, cancellationToken);

    public Task<Workspace> AttachAsync(SnapshotId id, UserNamespace users, CancellationToken cancellationToken) => inner.AttachAsync(id, users, cancellationToken);

    public Task CommitAsync(Workspace workspace, CancellationToken cancellationToken) => inner.CommitAsync(workspace, cancellationToken);

    public Task DetachAsync(SnapshotId id, CancellationToken cancellationToken) => inner.DetachAsync(id, cancellationToken);

    public Task<SnapshotView> OpenAsync(SnapshotId id, CancellationToken cancellationToken) => inner.OpenAsync(id, cancellationToken);

    public Task<IReadOnlyList<TreeChange>> CompareAsync(SnapshotId before, SnapshotId after, UserRange? shown, CancellationToken cancellationToken) => inner.CompareAsync(before, after, shown, cancellationToken);

    public Task CopyAsync(SnapshotId workspace, SnapshotId? parent, SnapshotId id, CancellationToken cancellationToken) => inner.CopyAsync(workspace, parent, id, cancellationToken);

    public Task RemoveAsync(SnapshotId id, CancellationToken cancellationToken) => throw new IOException("the power went");

    public Task<IReadOnlyList<SnapshotId>> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

    public Task<long> MeasureAsync(SnapshotId id, CancellationToken cancellationToken) => inner.MeasureAsync(id, cancellationToken);

    public Task<long> MeasureAllAsync(CancellationToken cancellationToken) => inner.MeasureAllAsync(cancellationToken);
}
