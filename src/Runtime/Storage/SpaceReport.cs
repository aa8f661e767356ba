using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.State;

namespace Kleene.Build.Runtime.Storage;

/// <summary>What takes the space of a store, and what of it could be had back. The rows add up to what the file system counts.</summary>
public sealed class SpaceReport(ISnapshotStore store, Database database, StateDirectory state)
{
    private const string OfImages = "SELECT snapshot FROM images UNION SELECT snapshot FROM image_steps WHERE snapshot IS NOT NULL";
    private const string OfContainers = "SELECT snapshot FROM containers";
    private const string OfUsedImages = "SELECT snapshot FROM images WHERE id IN (SELECT image FROM containers)";
    private const string OfWork = "SELECT parent FROM workspaces WHERE parent IS NOT NULL";

    /// <param name="usedVolumes">Those that somebody wants.</param>
    public async Task<IReadOnlyList<SpaceRow>> MakeAsync(IReadOnlySet<SnapshotId> usedVolumes, CancellationToken cancellationToken)
    {
        // What a snapshot stands on is needed with it. What both need is counted among the images'.
        var (images, containers, busy) = (Below(OfImages), Below(OfContainers), Below($"{OfContainers} UNION {OfUsedImages} UNION {OfWork}"));
        var trees = new List<(SpaceUse Use, SnapshotId Id, bool IsFreeable)>();
        trees.AddRange(Ids("SELECT id FROM snapshots").Select(id => (images.Contains(id) ? SpaceUse.Images : containers.Contains(id) ? SpaceUse.Containers : SpaceUse.BuildCache, id, !busy.Contains(id))));
        trees.AddRange(Ids("SELECT id FROM containers WHERE session <> ''").Select(id => (SpaceUse.Containers, id, false)));
        trees.AddRange(Ids("SELECT id FROM containers WHERE session = ''").Select(id => (SpaceUse.Containers, id, true)));
        trees.AddRange(Ids("SELECT id FROM volumes").Select(id => (SpaceUse.Volumes, id, !usedVolumes.Contains(id))));
        trees.AddRange(Ids("SELECT id FROM workspaces").Select(id => (SpaceUse.BuildCache, id, false)));

        var measured = await store.MeasureAsync([.. trees.Select(tree => tree.Id)], cancellationToken);
        SpaceRow Row(SpaceUse use, long count, long active)
        {
            var own = Enumerable.Range(0, trees.Count).Where(i => trees[i].Use == use).ToList();
            return new SpaceRow(use, count, active, own.Sum(i => measured[i]), own.Where(i => trees[i].IsFreeable).Sum(i => measured[i]));
        }

        var all = await store.MeasureAllAsync(cancellationToken);
        var files = await MeasureRecordsAsync(cancellationToken);
        return
        [
            Row(SpaceUse.Images, Count("SELECT count(*) FROM images"), Count("SELECT count(DISTINCT image) FROM containers")),
            Row(SpaceUse.Containers, Count("SELECT count(*) FROM containers"), Count("SELECT count(*) FROM containers WHERE session <> ''")),
            Row(SpaceUse.Volumes, Count("SELECT count(*) FROM volumes"), usedVolumes.Count),
            Row(SpaceUse.BuildCache, trees.Count(tree => tree.Use == SpaceUse.BuildCache), 0),
            new SpaceRow(SpaceUse.Shared, 0, 0, Math.Max(0, all - measured.Sum()), 0),
            new SpaceRow(SpaceUse.Records, 0, 0, files, 0),
        ];
    }

    /// <summary>The bytes of the state directory without the trees: of the database, logs, what was fetched and what is known of contexts.</summary>
    public Task<long> MeasureRecordsAsync(CancellationToken cancellationToken) => Task.Run(() => Files(cancellationToken), cancellationToken);

    private long Files(CancellationToken cancellationToken)
    {
        using var root = RootedDirectory.Open(state.Root);
        return root.Stat(UnixPath.Empty, followLink: false).AllocatedSize
            + Directory.EnumerateFileSystemEntries(state.Root).Where(path => path != state.Trees(store.Driver)).Sum(
                path => Directory.Exists(path) ? TreeMeasure.Bytes(path, cancellationToken) : root.TryStat(Path.GetFileName(path), followLink: false)?.AllocatedSize ?? 0);
    }

    private IReadOnlySet<SnapshotId> Below(string snapshots) =>
        Ids($"WITH RECURSIVE needed (id) AS ({snapshots} UNION SELECT parent FROM snapshots JOIN needed USING (id) WHERE parent IS NOT NULL) SELECT id FROM needed").ToHashSet();

    private List<SnapshotId> Ids(string sql) => database.Query(sql, reader => SnapshotId.Parse(reader.GetString(0)));

    private long Count(string sql) => database.Query(sql, reader => reader.GetInt64(0))[0];
}

/// <summary>What space is used for.</summary>
public enum SpaceUse
{
    /// <summary>Snapshots that an image is, or was made by way of.</summary>
    Images,

    /// <summary>What containers have written, and snapshots that only they stand on.</summary>
    Containers,

    Volumes,

    /// <summary>Snapshots that only a later build would use, and trees that are being made.</summary>
    BuildCache,

    /// <summary>What several trees have in common, where the file system shares it: it goes with the last of them.</summary>
    Shared,

    /// <summary>The database, logs, what was fetched and what is remembered of contexts.</summary>
    Records,
}

/// <param name="Active">How many of them run or are used.</param>
/// <param name="FreeableBytes">What removing those that nobody uses would free.</param>
public sealed record SpaceRow(SpaceUse Use, long Count, long Active, long Bytes, long FreeableBytes);
