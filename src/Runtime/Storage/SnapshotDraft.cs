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
    /// <param name="admit">Asked before it is published, when what it takes is known to the file system; when that throws, the tree is removed.</param>
    /// <returns>The id of the snapshot that the key leads to.</returns>
    public async Task<SnapshotId> CommitAsync(string key, bool replace, Func<CancellationToken, Task>? admit, CancellationToken cancellationToken)
    {
        using (Tracer.Begin("freeze"))
        {
            await workspace.CommitAsync(cancellationToken);
        }

        finished = true;
        if (admit is not null)
        {
            await AdmitAsync(admit, cancellationToken);
        }

        return await catalog.PublishAsync(Id, parent, key, replace, await catalog.CostAsync(Id, begun), revises);
    }

    /// <summary>The same, whoever else wants to have a say.</summary>
    public Task<SnapshotId> CommitAsync(string key, bool replace, CancellationToken cancellationToken) => CommitAsync(key, replace, admit: null, cancellationToken);

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

    private async Task AdmitAsync(Func<CancellationToken, Task> admit, CancellationToken cancellationToken)
    {
        try
        {
            await admit(cancellationToken);
        }
        catch
        {
            await catalog.DiscardAsync(Id);
            throw;
        }
    }
}
