using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Testing.Storage;

/// <summary>The simplest store that keeps the law: every clone is a plain copy. Stands in for the real drivers where a test is about something else.</summary>
public sealed class DirectorySnapshotStore(string root) : ISnapshotStore
{
    private readonly Lock gate = new();
    private readonly Dictionary<SnapshotId, SnapshotId?> parents = [];

    public string Driver => "directory";

    public bool MapsOwners => false;

    public Task<Workspace> PrepareAsync(SnapshotId id, SnapshotId? parent, WorkspaceUse use, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            if (parent is { } missing && !Directory.Exists(Frozen(missing)))
            {
                throw new SnapshotNotFoundException(missing);
            }

            parents.Add(id, parent);
        }

        Directory.CreateDirectory(Writable(id));
        RawFiles.SetMode(Writable(id), 0x1ED);
        if (parent is { } existing)
        {
            RawFiles.Copy(Frozen(existing), Writable(id), cancellationToken);
        }

        return Task.FromResult(new Workspace(this, id, Writable(id)));
    }

    public Task<Workspace> AttachAsync(SnapshotId id, CancellationToken cancellationToken) =>
        Directory.Exists(Writable(id)) ? Task.FromResult(new Workspace(this, id, Writable(id))) : throw new SnapshotNotFoundException(id);

    public Task<Workspace> AttachAsync(SnapshotId id, UserNamespace users, CancellationToken cancellationToken) => throw new NotSupportedException("a directory shows its owners as they are");

    public Task CommitAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!Directory.Exists(Writable(workspace.Id)))
        {
            throw new SnapshotNotFoundException(workspace.Id);
        }

        Directory.Move(Writable(workspace.Id), Frozen(workspace.Id));
        return Task.CompletedTask;
    }

    public Task DetachAsync(SnapshotId id, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<SnapshotView> OpenAsync(SnapshotId id, CancellationToken cancellationToken) =>
        Directory.Exists(Frozen(id)) ? Task.FromResult(new SnapshotView(Frozen(id))) : throw new SnapshotNotFoundException(id);

    public Task<IReadOnlyList<TreeChange>> CompareAsync(SnapshotId before, SnapshotId after, UserRange? shown, CancellationToken cancellationToken)
    {
        if (new[] { before, after }.Where(id => !Directory.Exists(Frozen(id)) && (id == before || !Directory.Exists(Writable(id)))).ToList() is [var missing, ..])
        {
            throw new SnapshotNotFoundException(missing);
        }

        return TreeComparison.RunAsync(Frozen(before), Directory.Exists(Frozen(after)) ? Frozen(after) : Writable(after), shown, mayDiffer: null, cancellationToken);
    }

    public Task CopyAsync(SnapshotId workspace, SnapshotId? parent, SnapshotId id, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (!Directory.Exists(Writable(workspace)))
            {
                throw new SnapshotNotFoundException(workspace);
            }

            parents.Add(id, parent);
        }

        Directory.CreateDirectory(Frozen(id));
        RawFiles.Copy(Writable(workspace), Frozen(id), cancellationToken);
        return Task.CompletedTask;
    }

    public Task RemoveAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (parents.ContainsValue(id))
            {
                throw new SnapshotInUseException(id, "other trees stand on it");
            }

            parents.Remove(id);
        }

        RawFiles.Remove(Writable(id));
        RawFiles.Remove(Frozen(id));
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<SnapshotId>> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<SnapshotId>>([.. Directory.GetDirectories(root).Select(path => SnapshotId.Parse(Path.GetFileName(path).Replace(".workspace", "", StringComparison.Ordinal)))]);

    public Task<long> MeasureAsync(SnapshotId id, CancellationToken cancellationToken) =>
        Task.FromResult(TreeMeasure.Bytes(Directory.Exists(Frozen(id)) ? Frozen(id) : Writable(id), cancellationToken));

    public Task<long> MeasureAllAsync(CancellationToken cancellationToken) => Task.FromResult(TreeMeasure.Bytes(root, cancellationToken));

    private string Writable(SnapshotId id) => Path.Join(root, $"{id}.workspace");

    private string Frozen(SnapshotId id) => Path.Join(root, id.ToString());
}
