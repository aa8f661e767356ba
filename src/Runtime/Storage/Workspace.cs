namespace Kleene.Build.Runtime.Storage;

/// <summary>A writable clone. Disposing of it removes it, unless it was committed or is to be kept.</summary>
public sealed class Workspace(ISnapshotStore store, SnapshotId id, string path) : IAsyncDisposable
{
    private static readonly TimeSpan CleanupTime = TimeSpan.FromSeconds(30);

    private bool owned = true;

    public SnapshotId Id { get; } = id;

    /// <summary>The absolute path of the tree's root while it is mounted.</summary>
    public string Path { get; } = path;

    /// <summary>Whether its parent takes more space than before, for the sake of this and later children.</summary>
    public bool GrewParent { get; init; }

    /// <summary>Freezes the tree; see <see cref="ISnapshotStore.CommitAsync"/>.</summary>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await store.CommitAsync(this, cancellationToken);
        owned = false;
    }

    /// <summary>Leaves the tree, mounted, to whoever knows its id.</summary>
    public void Keep() => owned = false;

    public async ValueTask DisposeAsync()
    {
        if (!owned)
        {
            return;
        }

        owned = false;
        using var deadline = new CancellationTokenSource(CleanupTime);
        await store.RemoveAsync(Id, deadline.Token);
    }
}

/// <summary>A snapshot's tree, readable as long as this lives.</summary>
public sealed class SnapshotView(string path, Func<ValueTask>? release = null) : IAsyncDisposable
{
    private Func<ValueTask>? release = release;

    /// <summary>The absolute path of the tree's root. Whoever reads it resolves paths inside that root.</summary>
    public string Path { get; } = path;

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref release, null) is { } free)
        {
            await free();
        }
    }
}
