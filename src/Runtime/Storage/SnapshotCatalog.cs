using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Runtime.Storage;

/// <summary>
/// Knows which snapshots exist and what the cache leads to. Every tree is announced in the database before it is made and
/// published by one transaction after it is complete: between the two it belongs to a session, and when that session is over
/// without an end to the work, <see cref="SweepAsync"/> removes the tree.
/// </summary>
public sealed class SnapshotCatalog(ISnapshotStore store, Database database, Session session, TimeProvider clock)
{
    private static readonly TimeSpan CleanupTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UseGrain = TimeSpan.FromHours(1);

    public ISnapshotStore Store => store;

    public EarlierCopies EarlierCopies { get; } = new(database);

    /// <summary>The snapshot that a cache key leads to.</summary>
    public SnapshotId? Find(string key) =>
        database.QueryFirst("SELECT snapshot FROM cache WHERE key = $1", reader => reader.GetString(0), key) is { } text ? SnapshotId.Parse(text) : null;

    /// <summary>Remembers that a key leads to a snapshot that is there already.</summary>
    public void Remember(string key, SnapshotId snapshot) =>
        database.Execute("INSERT OR REPLACE INTO cache (key, snapshot, created) VALUES ($1, $2, $3)", key, snapshot.ToString(), Now());

    /// <summary>A writable clone of a snapshot, or an empty tree, that may become a snapshot.</summary>
    public Task<SnapshotDraft> DraftAsync(SnapshotId? parent, WorkspaceUse use, CancellationToken cancellationToken) =>
        DraftAsync(parent, revises: false, use, cancellationToken);

    /// <summary>A writable clone of a snapshot that may take its place: a step's tree made from an earlier tree of the same step.</summary>
    /// <exception cref="SnapshotNotFoundException">Another command has removed it.</exception>
    public Task<SnapshotDraft> ReviseAsync(SnapshotId earlier, CancellationToken cancellationToken) =>
        DraftAsync(earlier, revises: true, WorkspaceUse.BuildStep, cancellationToken);

    /// <summary>Publishes a snapshot that the driver makes by itself. Its key is its own: nobody can ask for the same again.</summary>
    public async Task<(SnapshotId Snapshot, string Key)> ImportAsync(Func<SnapshotId, CancellationToken, Task> make, CancellationToken cancellationToken)
    {
        var id = SnapshotId.New();
        var key = $"import {id}";
        var begun = clock.GetTimestamp();
        Announce(id, null);
        try
        {
            await make(id, cancellationToken);
            return (await PublishAsync(id, null, key, replace: false, await CostAsync(id, begun)), key);
        }
        catch
        {
            await DiscardAsync(id);
            throw;
        }
    }

    /// <summary>Publishes what a workspace holds now as a snapshot on the same parent; the workspace goes on. Nobody may be writing to it. Its key is its own.</summary>
    public async Task<(SnapshotId Snapshot, string Key)> CopyAsync(SnapshotId workspace, SnapshotId parent, CancellationToken cancellationToken)
    {
        var id = SnapshotId.New();
        var key = $"commit {id}";
        var begun = clock.GetTimestamp();
        Announce(id, parent);
        try
        {
            // Counted before it shares its files with the copy, where the file system lets it.
            var cost = await CostAsync(workspace, begun);
            await store.CopyAsync(workspace, parent, id, cancellationToken);
            return (await PublishAsync(id, parent, key, replace: false, cost), key);
        }
        catch
        {
            await DiscardAsync(id);
            throw;
        }
    }

    /// <summary>A snapshot's tree to read from.</summary>
    public Task<SnapshotView> OpenAsync(SnapshotId id, CancellationToken cancellationToken) => store.OpenAsync(id, cancellationToken);

    /// <summary>
    /// Removes what commands that were killed had begun. Cheap when there is nothing. What is still in use waits for the sweep of a
    /// later command, so that it keeps nobody from working.
    /// </summary>
    /// <param name="release">Ends what still runs in a tree, before that goes.</param>
    /// <param name="cancellationToken">Leaves the rest to the next sweep.</param>
    public async Task SweepAsync(Func<SnapshotId, CancellationToken, Task> release, CancellationToken cancellationToken)
    {
        var abandoned = database.Query("SELECT id, session FROM workspaces", reader => (Id: SnapshotId.Parse(reader.GetString(0)), Session: reader.GetString(1)));
        foreach (var (id, owner) in abandoned)
        {
            if (!session.IsOver(owner) || !TakeOver(id, owner))
            {
                continue;
            }

            try
            {
                await release(id, cancellationToken);
                await store.RemoveAsync(id, cancellationToken);
                Forget(id);
            }
            catch (SnapshotInUseException)
            {
                // It is ours now, so it is abandoned again when this command ends.
            }
        }
    }

    /// <summary>
    /// Removes snapshots that neither an image, a container nor another snapshot needs, beginning with the given ones and going on
    /// to their parents. Returns those that were removed.
    /// </summary>
    public async Task<IReadOnlyList<SnapshotId>> RemoveUnusedAsync(IEnumerable<SnapshotId> candidates, CancellationToken cancellationToken)
    {
        var removed = new List<SnapshotId>();
        var waiting = new Queue<SnapshotId>(candidates);
        while (waiting.TryDequeue(out var id))
        {
            if (Withdraw(id, () => true, out var parent))
            {
                await store.RemoveAsync(id, cancellationToken);
                Forget(id);
                removed.Add(id);
                if (parent is { } next)
                {
                    waiting.Enqueue(next);
                }
            }
        }

        return removed;
    }

    /// <summary>Removes one snapshot, if that may be.</summary>
    /// <param name="release">Takes back what still needs it, in the transaction in which it leaves the index; false leaves all as it is.</param>
    internal async Task<bool> RemoveAsync(SnapshotId id, Func<bool> release, CancellationToken cancellationToken)
    {
        if (!Withdraw(id, release, out _))
        {
            return false;
        }

        await store.RemoveAsync(id, cancellationToken);
        Forget(id);
        return true;
    }

    /// <summary>Notes that a build took snapshots that were there. To the hour, so that most builds write nothing.</summary>
    public void NoteUse(IEnumerable<SnapshotId> snapshots)
    {
        var now = Now();
        database.Execute(
            "UPDATE snapshots SET used = $2 WHERE id IN (SELECT value FROM json_each($1)) AND coalesce(used, created) < $3",
            ListJson(snapshots),
            now,
            now - (long)UseGrain.TotalMilliseconds);
    }

    /// <summary>Whether all of these exist.</summary>
    public bool AreThere(IEnumerable<SnapshotId> snapshots) =>
        database.QueryFirst(
            "SELECT value FROM json_each($1) WHERE value NOT IN (SELECT id FROM snapshots)", reader => reader.GetString(0), ListJson(snapshots)) is null;

    /// <summary>All snapshots on which nothing stands: no other snapshot, image or container, nor a workspace.</summary>
    public IReadOnlyList<SnapshotId> Leaves() =>
        database.Query(
            """
            SELECT id FROM snapshots AS s
            WHERE NOT EXISTS (SELECT 1 FROM snapshots WHERE parent = s.id)
              AND NOT EXISTS (SELECT 1 FROM images WHERE snapshot = s.id)
              AND NOT EXISTS (SELECT 1 FROM image_steps WHERE snapshot = s.id)
              AND NOT EXISTS (SELECT 1 FROM containers WHERE snapshot = s.id)
              AND NOT EXISTS (SELECT 1 FROM workspaces WHERE parent = s.id)
            """,
            reader => SnapshotId.Parse(reader.GetString(0)));

    public IReadOnlyList<SnapshotId> List() => database.Query("SELECT id FROM snapshots", reader => SnapshotId.Parse(reader.GetString(0)));

    /// <summary>All trees that anything is known of: snapshots, those of containers and volumes, and those that are being made or removed.</summary>
    public IReadOnlySet<SnapshotId> ListTrees() =>
        database.Query(
            "SELECT id FROM snapshots UNION SELECT id FROM workspaces UNION SELECT id FROM containers UNION SELECT id FROM volumes",
            reader => SnapshotId.Parse(reader.GetString(0))).ToHashSet();

    /// <summary>The snapshot before the step that made one; null when that was the empty tree, or it is gone.</summary>
    public SnapshotId? ParentOf(SnapshotId id) =>
        FindId(
            """
            SELECT parent FROM snapshots WHERE parent IS NOT NULL
                AND id = (SELECT CASE revises WHEN 0 THEN id ELSE parent END FROM snapshots WHERE id = $1)
            """,
            id);

    /// <summary>Whether a tree is being made or removed.</summary>
    public bool IsAnnounced(SnapshotId id) => database.QueryFirst("SELECT id FROM workspaces WHERE id = $1", reader => reader.GetString(0), id.ToString()) is not null;

    /// <summary>Takes from the cache whatever leads to a snapshot, whose files have been lost.</summary>
    public void Disbelieve(SnapshotId id) => database.Execute("DELETE FROM cache WHERE snapshot = $1", id.ToString());

    /// <summary>Makes a frozen tree a snapshot. When another build was faster with the same key, its snapshot is the answer and ours goes.</summary>
    internal async Task<SnapshotId> PublishAsync(SnapshotId id, SnapshotId? parent, string key, bool replace, SnapshotCost cost, bool revises = false)
    {
        using var traced = Tracer.Begin("publish");
        var published = database.Transact(() =>
        {
            if (!replace && Find(key) is { } other)
            {
                return other;
            }

            database.Execute(
                "INSERT INTO snapshots (id, parent, created, revises, duration, bytes) VALUES ($1, $2, $3, $4, $5, $6)",
                id.ToString(),
                parent?.ToString(),
                Now(),
                revises ? 1 : 0,
                (long)cost.Duration.TotalMilliseconds,
                cost.Bytes);
            Remember(key, id);
            Forget(id);
            return id;
        });
        if (published != id)
        {
            await DiscardAsync(id);
        }

        return published;
    }

    /// <summary>What a tree has cost until now. Its bytes are counted only where they are added up, and while nothing stands on it yet.</summary>
    /// <param name="begun">When the tree was announced, as the clock counts it.</param>
    internal async Task<SnapshotCost> CostAsync(SnapshotId id, long begun)
    {
        var duration = clock.GetElapsedTime(begun);
        if (store.CountsItself || new StoreSettings(database).MaximumBytes is null)
        {
            return new SnapshotCost(duration, null);
        }

        using var traced = Tracer.Begin("count");
        return new SnapshotCost(duration, await store.MeasureAsync(id, CancellationToken.None));
    }

    /// <summary>Says that a tree is being made or removed; its parent stays as long as that lasts.</summary>
    /// <exception cref="SnapshotNotFoundException">Another command has removed the parent.</exception>
    internal void Announce(SnapshotId id, SnapshotId? parent)
    {
        var announced = database.Execute(
            "INSERT INTO workspaces (id, session, parent) SELECT $1, $2, $3 WHERE $3 IS NULL OR EXISTS (SELECT 1 FROM snapshots WHERE id = $3)",
            id.ToString(),
            session.Id,
            parent?.ToString());
        if (announced == 0 && parent is { } missing)
        {
            throw new SnapshotNotFoundException(missing);
        }
    }

    internal void Forget(SnapshotId id) => database.Execute("DELETE FROM workspaces WHERE id = $1", id.ToString());

    /// <summary>Removes a tree that was never published. Cleaning up goes on when the caller has been cancelled.</summary>
    internal async Task DiscardAsync(SnapshotId id)
    {
        using var traced = Tracer.Begin("discard");
        using var deadline = new CancellationTokenSource(CleanupTime);
        await store.RemoveAsync(id, deadline.Token);
        Forget(id);
    }

    private async Task<SnapshotDraft> DraftAsync(SnapshotId? parent, bool revises, WorkspaceUse use, CancellationToken cancellationToken)
    {
        using var traced = Tracer.Begin("clone");
        var id = SnapshotId.New();
        var begun = clock.GetTimestamp();
        Announce(id, parent);
        try
        {
            var workspace = await store.PrepareAsync(id, parent, use, cancellationToken);
            if (workspace.GrewParent)
            {
                database.Execute("UPDATE snapshots SET bytes = NULL WHERE id = $1", parent?.ToString());
            }

            return new SnapshotDraft(this, workspace, parent, revises, begun);
        }
        catch
        {
            await DiscardAsync(id);
            throw;
        }
    }

    private SnapshotId? FindId(string sql, SnapshotId id) =>
        database.QueryFirst(sql, reader => reader.GetString(0), id.ToString()) is { } text ? SnapshotId.Parse(text) : null;

    /// <summary>Takes a snapshot out of the index, unless something needs it: from then on only the sweep knows its tree.</summary>
    private bool Withdraw(SnapshotId id, Func<bool> release, out SnapshotId? parent)
    {
        SnapshotId? found = null;
        var withdrawn = database.Transact(() =>
        {
            if (!release())
            {
                return false;
            }

            var text = id.ToString();
            var used = database.QueryFirst(
                """
                SELECT 'used' WHERE EXISTS (SELECT 1 FROM snapshots WHERE parent = $1)
                    OR EXISTS (SELECT 1 FROM images WHERE snapshot = $1)
                    OR EXISTS (SELECT 1 FROM image_steps WHERE snapshot = $1)
                    OR EXISTS (SELECT 1 FROM containers WHERE snapshot = $1)
                    OR EXISTS (SELECT 1 FROM workspaces WHERE parent = $1)
                """,
                reader => reader.GetString(0),
                text);
            if (used is not null)
            {
                return false;
            }

            found = FindId("SELECT parent FROM snapshots WHERE id = $1 AND parent IS NOT NULL", id);
            if (database.Execute("DELETE FROM snapshots WHERE id = $1", text) == 0)
            {
                return false;
            }

            Announce(id, found);
            return true;
        });
        parent = found;
        return withdrawn;
    }

    /// <summary>Of several commands that find the same abandoned tree one removes it.</summary>
    private bool TakeOver(SnapshotId id, string owner) =>
        database.Execute("UPDATE workspaces SET session = $3 WHERE id = $1 AND session = $2", id.ToString(), owner, session.Id) > 0;

    private static string ListJson(IEnumerable<SnapshotId> ids) => $"[{string.Join(',', ids.Select(id => $"\"{id}\""))}]";

    private long Now() => clock.GetUtcNow().ToUnixTimeMilliseconds();
}

/// <param name="Duration">From its announcement until it was frozen.</param>
/// <param name="Bytes">Beside its parent; null where nobody adds them up.</param>
internal sealed record SnapshotCost(TimeSpan Duration, long? Bytes);
