using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Runtime.Storage;

/// <summary>A workspace on its way to becoming a published snapshot. Disposing of it removes it, unless it got there.</summary>
public sealed class SnapshotDraft(SnapshotCatalog catalog, Workspace workspace, SnapshotId? parent, bool revises, long begun) : IAsyncDisposable
{
    private bool finished;

    public SnapshotId Id => workspace.Id;

    /// <summary>The absolute path of the tree's root.</summary>
    public string Path => workspace.Path;

    /// <summary>Freezes the tree and publishes it under a cache key. Nobody may be using it any more.</summary>
    /// <param name="key">What leads to it from now on.</param>
    /// <param name="replace">Whether it takes the place of a snapshot that has the key already; otherwise that one is returned.</param>
    /// <returns>The id of the snapshot that the key leads to.</returns>
    public async Task<SnapshotId> CommitAsync(string key, bool replace, CancellationToken cancellationToken)
    {
        using (Tracer.Begin("freeze"))
        {
            await workspace.CommitAsync(cancellationToken);
        }

        finished = true;
        return await catalog.PublishAsync(Id, parent, key, replace, await catalog.CostAsync(Id, begun), revises);
    }

    /// <summary>Leaves the mounted tree to a record that the caller writes in the same transaction.</summary>
    public void Keep()
    {
        catalog.Forget(Id);
        workspace.Keep();
        finished = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (!finished)
        {
            finished = true;
            workspace.Keep();
            await catalog.DiscardAsync(Id);
        }
    }
}
