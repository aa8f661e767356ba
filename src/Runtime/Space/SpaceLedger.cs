using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Runtime.Space;

/// <summary>
/// Knows how large a store is without a look at each of its files: what a snapshot takes is written down when it is frozen, and never changes.
/// Only what still grows is looked at. Where the file system keeps count, it is asked.
/// </summary>
public sealed class SpaceLedger(ISnapshotStore store, Database database, SpaceReport report)
{
    /// <summary>The bytes that the store takes now, records included, as <c>system df</c> adds them up.</summary>
    public async Task<long> TotalAsync(CancellationToken cancellationToken)
    {
        using var traced = Tracer.Begin("add up the store");
        var records = await report.MeasureRecordsAsync(cancellationToken);
        if (store.CountsItself)
        {
            return records + await store.MeasureAllAsync(cancellationToken);
        }

        await SurveyAsync(cancellationToken);

        // Before the sum: what is published in between counts twice for a moment, and not never.
        var growing = Ids("SELECT id FROM workspaces UNION SELECT id FROM containers UNION SELECT id FROM volumes");
        var frozen = database.Query("SELECT coalesce(sum(bytes), 0) FROM snapshots", reader => reader.GetInt64(0))[0];
        return records + frozen + (await store.MeasureAsync(growing, cancellationToken)).Sum();
    }

    /// <summary>Snapshots that were made before anybody wanted to know are counted once.</summary>
    private async Task SurveyAsync(CancellationToken cancellationToken)
    {
        if (database.QueryFirst("SELECT id FROM snapshots WHERE bytes IS NULL LIMIT 1", reader => reader.GetString(0)) is null)
        {
            return;
        }

        using var traced = Tracer.Begin("survey");
        var parentsFirst = Ids(
            """
            WITH RECURSIVE trees (id, depth) AS (
                SELECT id, 0 FROM snapshots WHERE parent IS NULL
                UNION ALL SELECT snapshots.id, depth + 1 FROM snapshots JOIN trees ON snapshots.parent = trees.id)
            SELECT id FROM trees ORDER BY depth
            """);
        var measured = await store.MeasureInOrderAsync(parentsFirst, cancellationToken);
        database.Transact(() => parentsFirst.Zip(measured).Sum(pair => database.Execute("UPDATE snapshots SET bytes = $2 WHERE id = $1", pair.First.ToString(), pair.Second)));
    }

    private List<SnapshotId> Ids(string sql) => database.Query(sql, reader => SnapshotId.Parse(reader.GetString(0)));
}
