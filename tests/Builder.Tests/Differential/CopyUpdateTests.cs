using System.Globalization;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Tests.Execution;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Storage.Btrfs;
using Kleene.Build.Runtime.Storage.Overlay;
using Kleene.Build.Runtime.Storage.Zfs;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Storage;

namespace Kleene.Build.Builder.Tests.Differential;

/// <summary>
/// A COPY that is made from an earlier one gives what it gives from nothing, down to times and links: random trees, edited at random, are copied
/// over a store that knows all their earlier states, and into an empty one. The heirs say what keeps the trees.
/// </summary>
public abstract class CopyUpdateTests
{
    private const string Variable = "KLEENE_DIFFERENTIAL_ROUNDS";
    private const int EditsATree = 10;

    /// <summary>What the files are copied onto: names that they hide, merge with, or are stopped by.</summary>
    private const string Base =
        """
        mkdir -p etc dst/both dst/kept dst/sub/deep dst/elsewhere
        echo 'user:x:7:8::/:' > etc/passwd; echo 'group:x:9:' > etc/group
        echo own > dst/own; chown 3:4 dst/own
        echo pair > dst/pair1; ln dst/pair1 dst/pair2
        echo b > dst/both/x; echo below > dst/kept/below; chmod 711 dst/both; ln -s ../elsewhere dst/kept/new; ln -s a dst/b
        ln -s dst link; echo f > dst/sub/deep/f; echo file > dst/moved1
        find . -exec touch -h -d 1999-01-01T00:00:00 {} +
        """;

    private static readonly string[] Copies =
    [
        "COPY src /dst/", "COPY src /new/deep/", "COPY src /link", "COPY --chown=user:group src /dst", "COPY --chmod=u=rwX,go=rX src /dst/", "COPY --exclude=**/*.log src /dst/",
        "COPY --parents ./src /dst/", "COPY --link src /dst/", "COPY --link src /link/", "COPY . /", "COPY --chown=user src /", "COPY --chmod=640 src /dst/here/", "ADD src /dst/",

        // Several sources, of which some are files, some are not there at times, and some have names in common.
        "COPY src/* /dst/", "COPY src/* /new/deep/", "COPY --chown=user:group src/sub* src/both* src/other* src/a* /dst/", "COPY src/[A-Za-z]* src /dst/", "COPY src src/[ab]* /dst/",
        "COPY src/sub* src/* /link/", "COPY --link src/* /dst/", "COPY --chmod=u=rwX,go=rX src src/sub* /dst/both", "COPY --exclude=**/*.log src/o* src/s* src/k* /dst", "COPY src/a* src/b* src/pair* /dst/",
        "COPY --parents src/s* src/b* ./src/a* /dst/", "COPY src/pair1* src /dst/", "# syntax=kleene|COPY src/* /dst/", "# syntax=kleene|COPY src/sub src/a* src/both /new/",
    ];

    private static int Rounds => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : 30;

    protected abstract Task<ISnapshotStore> MakeStoreAsync();

    [ContractFact]
    public async Task A_copy_made_from_an_earlier_one_is_as_a_copy_from_nothing()
    {
        var (updated, ran) = (0, 0);
        for (var seed = 0; seed < (Rounds + EditsATree - 1) / EditsATree; seed++)
        {
            using var scratch = new ScratchDirectory();
            var random = new Random(seed);
            var tree = new RandomTree(random, scratch, "context/src");
            tree.Make();
            var copy = Copies[random.Next(Copies.Length)].Split('|');
            string[] lines = [.. copy[..^1], $"FROM {(random.Next(5) > 0 ? "base" : "scratch")}", copy[^1]];
            var kleenefile = string.Join('\n', lines) + "\n";
            var store = await MakeStoreAsync();
            using var warm = await HarnessAsync(scratch["context"], store);
            var history = new List<string>();
            for (var round = 0; round < EditsATree; round++)
            {
                history.Add(round == 0 ? "made" : tree.Edit());
                var (events, result) = await BuildAsync(warm, kleenefile);
                if (events.OfType<BuildEvent.StepCached>().Any())
                {
                    // Its times are those of the copy that was made then: they are in no key.
                    continue;
                }

                var emptyStore = await MakeStoreAsync();
                using (var empty = await HarnessAsync(scratch["context"], emptyStore))
                {
                    var (_, expected) = await BuildAsync(empty, kleenefile);
                    Assert.True(result == expected, $"seed {seed}: {string.Join("; ", history)}\n{kleenefile}\nwarm:\n{Without(result, expected)}\nempty:\n{Without(expected, result)}");
                    await ClearAsync(empty, emptyStore);
                }

                ran++;
            }

            updated += warm.Count("snapshots WHERE revises = 1");
            await ClearAsync(warm, store);
        }

        // Otherwise nothing would have been tried.
        Assert.True(updated > ran / 5, $"{updated} of {ran} copies were made from earlier ones");
    }

    private static async Task<BuildHarness> HarnessAsync(string context, ISnapshotStore store)
    {
        var harness = new BuildHarness(context, store);
        await harness.AddBaseAsync("base", tree =>
        {
            using var shell = new ScratchDirectory();
            shell.Shell($"cd '{tree}'\n{Base}");
            RawFiles.SetAttribute(Path.Join(tree, "dst/own"), "user.note", "base"u8);
            RawFiles.SetAttribute(Path.Join(tree, "dst/sub"), "user.base", "base"u8);
        });
        return harness;
    }

    /// <summary>The events, and the tree as text; or why there is none.</summary>
    private static async Task<(List<BuildEvent> Events, string Result)> BuildAsync(BuildHarness harness, string kleenefile)
    {
        List<BuildEvent> events;
        try
        {
            events = await harness.BuildAsync(kleenefile, request => request with { CopyUpdates = new UpdateRule(0, 0, double.PositiveInfinity), KeepFailed = false });
        }
        catch (KleeneException exception)
        {
            return ([], exception.Message);
        }

        if (events[^1] is BuildEvent.Failed failed)
        {
            return (events, failed.Message);
        }

        await using var view = await harness.Snapshots.OpenAsync(BuildHarness.ImageOf(events).Snapshot, CancellationToken.None);
        return (events, string.Join('\n', TreeText.Of(view.Path).Split('\n').Select(WithoutPresent)));
    }

    /// <summary>A line without its time when that is of today: what a copy has to make on its way has no other.</summary>
    private static string WithoutPresent(string line)
    {
        var fields = line.Split(' ');
        fields[4] = long.Parse(fields[4].Split('.')[0], CultureInfo.InvariantCulture) > DateTimeOffset.Parse("2020-01-01", CultureInfo.InvariantCulture).ToUnixTimeSeconds() ? "now" : fields[4];
        return string.Join(' ', fields);
    }

    private static string Without(string lines, string others) => string.Join('\n', lines.Split('\n').Except(others.Split('\n')));

    /// <summary>All trees can be removed again, whoever stands on whom.</summary>
    private static async Task ClearAsync(BuildHarness harness, ISnapshotStore store)
    {
        foreach (var image in harness.Images.List())
        {
            await harness.Snapshots.RemoveUnusedAsync(harness.Images.Remove(image), CancellationToken.None);
        }

        await harness.Snapshots.RemoveUnusedAsync(harness.Snapshots.Leaves(), CancellationToken.None);
        Assert.Equal(0, harness.Count("snapshots") + harness.Count("earlier_copies") + harness.UnfinishedTrees);
        Assert.Empty(await store.ListAsync(CancellationToken.None));
        await (store is IAsyncDisposable tidying ? tidying.DisposeAsync() : ValueTask.CompletedTask);
    }
}

[NeedsStorage(StorageNeed.Root)]
public sealed class DirectoryCopyUpdateTests : CopyUpdateTests, IDisposable
{
    private readonly StorageScratch scratch = new("copies");
    private int stores;

    public void Dispose() => scratch.Remove();

    protected override Task<ISnapshotStore> MakeStoreAsync() => Task.FromResult<ISnapshotStore>(new DirectorySnapshotStore($"{scratch.Path}/{++stores}"));
}

[NeedsStorage(StorageNeed.Overlay)]
public sealed class OverlayCopyUpdateTests : CopyUpdateTests, IDisposable
{
    private readonly StorageScratch scratch = new("copies");
    private int stores;

    public void Dispose() => scratch.Remove();

    protected override Task<ISnapshotStore> MakeStoreAsync() => Task.FromResult<ISnapshotStore>(new OverlaySnapshotStore($"{scratch.Path}/{++stores}"));
}

[NeedsStorage(StorageNeed.Btrfs)]
public sealed class BtrfsCopyUpdateTests(BtrfsFileSystem btrfs) : CopyUpdateTests, IClassFixture<BtrfsFileSystem>
{
    protected override Task<ISnapshotStore> MakeStoreAsync() => Task.FromResult<ISnapshotStore>(new BtrfsSnapshotStore(btrfs.NewDirectory()));
}

[NeedsStorage(StorageNeed.Zfs)]
public sealed class ZfsCopyUpdateTests(ZfsPool pool) : CopyUpdateTests, IClassFixture<ZfsPool>
{
    protected override async Task<ISnapshotStore> MakeStoreAsync()
    {
        var (dataset, mountRoot) = await pool.NewDatasetAsync();
        return new ZfsSnapshotStore(pool.Runner, dataset, mountRoot);
    }
}
