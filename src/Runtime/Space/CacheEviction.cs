using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Runtime.Space;

/// <summary>
/// Gives up snapshots of the build cache. Never what an image with a name, a pinned image or a container stands on, nor what a running build, of this
/// process or another, has in its plan. An image without a name goes with the first of its snapshots.
/// </summary>
public sealed class CacheEviction(SnapshotCatalog snapshots, Database database, BuildStore builds, TimeProvider clock)
{
    /// <summary>Made for something that is still to be written down: its key is nobody's, and so tells nobody that it is wanted.</summary>
    private static readonly TimeSpan ArrivalTime = TimeSpan.FromHours(1);

    private const string IsKept = "(i.pinned OR EXISTS (SELECT 1 FROM names WHERE image = i.id) OR EXISTS (SELECT 1 FROM containers WHERE image = i.id))";

    /// <summary>Of <c>s</c>. Keys of steps have no spaces; those of what was imported or committed, or of files that a failure left, begin with a word.</summary>
    private const string IsHeld =
        $"""
        (EXISTS (SELECT 1 FROM containers WHERE snapshot = s.id)
            OR EXISTS (SELECT 1 FROM workspaces WHERE parent = s.id)
            OR EXISTS (SELECT 1 FROM images AS i WHERE i.snapshot = s.id AND {IsKept})
            OR EXISTS (SELECT 1 FROM image_steps AS t JOIN images AS i ON i.id = t.image WHERE t.snapshot = s.id AND {IsKept})
            OR EXISTS (SELECT 1 FROM cache WHERE snapshot = s.id AND key IN (SELECT value FROM json_each($1)))
            OR s.id IN (SELECT value FROM json_each($2))
            OR (s.created > $3 AND EXISTS (SELECT 1 FROM cache WHERE snapshot = s.id AND key LIKE '% %')
                AND NOT EXISTS (SELECT 1 FROM images WHERE snapshot = s.id) AND NOT EXISTS (SELECT 1 FROM image_steps WHERE snapshot = s.id)))
        """;

    /// <summary>Frees so many bytes, or as many as there are to be had.</summary>
    /// <returns>What is gone, in the order in which it went.</returns>
    public async Task<IReadOnlyList<EvictableStep>> FreeAsync(long bytes, CancellationToken cancellationToken)
    {
        using var traced = Tracer.Begin("evict");
        var (gone, freed) = (new List<EvictableStep>(), 0L);
        foreach (var step in EvictionOrder.Of(await ListAsync(cancellationToken), clock.GetUtcNow()))
        {
            if (freed >= bytes)
            {
                break;
            }

            if (await TryRemoveAsync(step.Id, cancellationToken))
            {
                gone.Add(step);
                freed += step.Bytes;
            }
        }

        return gone;
    }

    /// <summary>All snapshots, and what is known of them.</summary>
    internal async Task<IReadOnlyList<EvictableStep>> ListAsync(CancellationToken cancellationToken)
    {
        var (keys, trees, arrival) = Wanted();
        var steps = database.Query(
            $"""
            SELECT s.id, s.parent, coalesce(s.bytes, 0),
                coalesce(s.duration, (SELECT max(duration) FROM image_steps WHERE snapshot = s.id AND state = 'built'), 0),
                coalesce(s.used, s.created), {IsHeld}, (SELECT text FROM image_steps WHERE snapshot = s.id LIMIT 1)
            FROM snapshots AS s
            """,
            reader => new EvictableStep(
                SnapshotId.Parse(reader.GetString(0)),
                reader.IsNull(1) ? null : SnapshotId.Parse(reader.GetString(1)),
                reader.GetInt64(2),
                TimeSpan.FromMilliseconds(reader.GetInt64(3)),
                DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(4)),
                reader.GetInt32(5) != 0,
                reader.IsNull(6) ? null : reader.GetString(6)),
            keys,
            trees,
            arrival);
        if (!snapshots.Store.CountsItself)
        {
            return steps;
        }

        var measured = await snapshots.Store.MeasureAsync([.. steps.Select(step => step.Id)], cancellationToken);
        return [.. steps.Zip(measured, (step, bytes) => step with { Bytes = bytes })];
    }

    private async Task<bool> TryRemoveAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        try
        {
            return await snapshots.RemoveAsync(id, () => Release(id), cancellationToken);
        }
        catch (SnapshotInUseException)
        {
            // Somebody looks into it. It has left the index, and its files go when that is over.
            return false;
        }
    }

    /// <summary>Asked again in the transaction in which it goes, because a build may have begun meanwhile.</summary>
    private bool Release(SnapshotId id)
    {
        var (keys, trees, arrival) = Wanted();
        var mayGo = database.QueryFirst(
            $"SELECT id FROM snapshots AS s WHERE id = $4 AND NOT EXISTS (SELECT 1 FROM snapshots WHERE parent = $4) AND NOT {IsHeld}",
            reader => reader.GetString(0),
            keys,
            trees,
            arrival,
            id.ToString()) is not null;
        if (mayGo)
        {
            database.Execute("DELETE FROM images WHERE snapshot = $1 OR id IN (SELECT image FROM image_steps WHERE snapshot = $1)", id.ToString());
        }

        return mayGo;
    }

    /// <summary>What running builds have in their plans, as lists in JSON, and when what has arrived since is let be.</summary>
    private (string Keys, string Trees, long Arrival) Wanted()
    {
        var running = builds.ListRunning().Select(build => build.Detail).ToList();
        var keys = running.SelectMany(build => build.Steps.Select(step => step.Key).Concat(build.Stages.Select(stage => stage.BaseKey)).Concat(build.ImageKeys));
        var trees = running.SelectMany(build => build.Steps).Select(step => step.SnapshotId).OfType<SnapshotId>().Select(id => id.ToString());
        return (ListJson(keys), ListJson(trees), (clock.GetUtcNow() - ArrivalTime).ToUnixTimeMilliseconds());
    }

    /// <summary>Keys are hashes, or words that we have made: nothing in them has to be escaped.</summary>
    private static string ListJson(IEnumerable<string> words) => $"[{string.Join(',', words.Distinct(StringComparer.Ordinal).Select(word => $"\"{word}\""))}]";
}
