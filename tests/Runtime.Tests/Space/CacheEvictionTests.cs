using System.Collections.Immutable;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Space;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Tests.Storage;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Space;

public sealed class CacheEvictionTests : IDisposable
{
    private const long Everything = long.MaxValue / 2;
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly ScratchDirectory folder = new();
    private readonly StateDirectory state;
    private readonly Database database;
    private readonly Session session;
    private readonly Session other;
    private readonly DirectorySnapshotStore store;
    private readonly SnapshotCatalog catalog;
    private readonly ImageStore images;
    private readonly StoreSettings settings;

    public CacheEvictionTests()
    {
        state = StateDirectory.Open(folder["state"]);
        database = Database.Open(state);
        session = new Session(state);
        other = new Session(state);
        store = new DirectorySnapshotStore(folder.MakeDirectory("trees"));
        catalog = new SnapshotCatalog(store, database, session, TimeProvider.System);
        images = new ImageStore(database);
        settings = new StoreSettings(database) { MaximumBytes = 1 << 30 };
    }

    public void Dispose()
    {
        session.Dispose();
        other.Dispose();
        database.Dispose();
        folder.Dispose();
    }

    [RootFact]
    public async Task So_much_goes_as_is_wanted_and_no_more()
    {
        var parent = await MakeAsync("a", null);
        var leaf = await MakeAsync("b", parent);
        var beside = await MakeAsync("c", parent);
        database.Execute("UPDATE snapshots SET duration = 50000 WHERE id = $1", beside.ToString());

        var gone = await Eviction(catalog).FreeAsync(1000, None);

        Assert.Equal([leaf], gone.Select(step => step.Id));
        Assert.InRange(gone[0].Bytes, 200_000, 250_000);
        Assert.Null(catalog.Find("b"));
        Assert.Equal([leaf, beside, parent], [leaf, .. (await Eviction(catalog).FreeAsync(Everything, None)).Select(step => step.Id)]);
        Assert.Empty(await store.ListAsync(None));
    }

    [RootFact]
    public async Task What_images_with_names_pinned_images_and_containers_stand_on_stays()
    {
        var (named, pinned, used, held) = (await MakeAsync("a", null), await MakeAsync("b", null), await MakeAsync("c", null), await MakeAsync("d", null));
        var step = await MakeAsync("e", null);
        Add("0a0000000001", named, ["app"], step);
        images.Pin(Add("0a0000000002", pinned, []), isPinned: true);
        Hold(Add("0a0000000003", used, []), held, "box");

        Assert.Empty(await Eviction(catalog).FreeAsync(Everything, None));

        images.Pin("0a0000000002", isPinned: false);
        Assert.Equal([pinned], (await Eviction(catalog).FreeAsync(Everything, None)).Select(gone => gone.Id));
        Assert.Null(images.TryFind("0a0000000002"));
    }

    [RootFact]
    public async Task An_image_without_a_name_goes_with_the_first_of_its_snapshots_and_the_others_are_steps_like_any()
    {
        var first = await MakeAsync("a", null);
        var last = await MakeAsync("b", first);
        Add("0a0000000001", last, [], first);

        Assert.Equal([last], (await Eviction(catalog).FreeAsync(1000, None)).Select(gone => gone.Id));

        Assert.Empty(images.List());
        Assert.Equal(first, catalog.Find("a"));
    }

    [RootFact]
    public async Task What_a_running_build_has_in_its_plan_stays_until_it_is_over()
    {
        var (hit, made, start, copied) = (await MakeAsync("a", null), await MakeAsync("b", null), await MakeAsync("c", null), await MakeAsync("d", null));
        await MakeAsync("a", null, replace: true); // Another build's: its key leads elsewhere, and yet it is taken.
        new BuildStore(database, other).Save(new BuildRecord
        {
            Id = "0b0000000001",
            Started = DateTimeOffset.UtcNow,
            State = BuildState.Running,
            Session = other.Id,
            Detail = new BuildDetail
            {
                Kleenefile = "Kleenefile",
                Context = "",
                Target = "",
                Stages = [new RecordedStage(0, "0", "Kleenefile:1", "base", "c")],
                ImageKeys = ["d"],
                Steps =
                [
                    new RecordedStep { Number = 1, Place = "", Text = "", Key = "a", Snapshot = hit.ToString() },
                    new RecordedStep { Number = 2, Place = "", Text = "", Key = "b" },
                ],
            },
        });

        Assert.Empty(await Eviction(catalog).FreeAsync(Everything, None));

        other.Dispose();
        Assert.Equal(5, (await Eviction(catalog).FreeAsync(Everything, None)).Count);
        Assert.All([hit, made, start, copied], id => Assert.DoesNotContain(id, catalog.List()));
    }

    [RootFact]
    public async Task What_has_only_just_arrived_and_is_nobodys_yet_stays()
    {
        var (imported, _) = await catalog.ImportAsync(
            async (id, token) => await store.CommitAsync(await store.PrepareAsync(id, null, WorkspaceUse.BuildStep, token), token), None);
        await using var draft = await catalog.DraftAsync(await MakeAsync("a", null), WorkspaceUse.BuildStep, None);

        Assert.Empty(await Eviction(catalog).FreeAsync(Everything, None));

        database.Execute("UPDATE snapshots SET created = created - 7200000");
        Assert.Equal([imported], (await Eviction(catalog).FreeAsync(Everything, None)).Select(gone => gone.Id));
    }

    [RootFact]
    public async Task An_eviction_that_was_cut_short_is_finished_by_a_sweep()
    {
        await MakeAsync("b", await MakeAsync("a", null));
        var dying = new SnapshotCatalog(new DiesAtRemoval(store), database, other, TimeProvider.System);

        await Assert.ThrowsAsync<IOException>(() => Eviction(dying).FreeAsync(Everything, None));

        Assert.Null(catalog.Find("b"));
        other.Dispose();
        await catalog.SweepAsync((_, _) => Task.CompletedTask, None);
        Assert.Equal([catalog.Find("a")!.Value], await store.ListAsync(None));
        Assert.Empty(database.Query("SELECT id FROM workspaces", reader => reader.GetString(0)));
    }

    [RootFact]
    public async Task A_use_is_noted_to_the_hour()
    {
        var id = await MakeAsync("a", null);
        long? Used() => database.Query("SELECT coalesce(used, 0) FROM snapshots", reader => reader.GetInt64(0))[0];

        catalog.NoteUse([id]);
        Assert.Equal(0, Used());

        database.Execute("UPDATE snapshots SET created = created - 7200000");
        catalog.NoteUse([id]);
        var noted = Used();
        Assert.InRange(noted!.Value, DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeMilliseconds(), DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        catalog.NoteUse([id]);
        Assert.Equal(noted, Used());
    }

    [RootFact]
    public async Task A_pinned_image_is_removed_only_by_force()
    {
        var image = Add("0a0000000001", await MakeAsync("a", null), ["app"]);
        images.Pin(image, isPinned: true);

        var refused = Assert.Throws<ImageInUseException>(() => images.Remove(images.Find("app").Image));

        Assert.Contains("'kleene image unpin app:latest'", refused.Message, StringComparison.Ordinal);
        Assert.True(images.Find("app").Image.IsPinned);
        images.Remove(images.Find("app").Image, evenPinned: true);
        Assert.Null(images.TryFind("app"));
    }

    [RootFact]
    public async Task The_ledger_adds_up_what_is_frozen_and_what_grows()
    {
        settings.MaximumBytes = null;
        var early = await MakeAsync("a", null);
        settings.MaximumBytes = 1 << 30;
        await MakeAsync("b", early);
        await using var draft = await catalog.DraftAsync(early, WorkspaceUse.BuildStep, None);
        File.WriteAllBytes(Path.Join(draft.Path, "growing"), new byte[300_000]);
        var report = new SpaceReport(store, database, state);
        var ledger = new SpaceLedger(store, database, report);
        var everything = await store.MeasureAllAsync(None) + await report.MeasureRecordsAsync(None);

        Assert.InRange(await ledger.TotalAsync(None), everything * 0.98, everything * 1.02);

        Assert.Empty(database.Query("SELECT id FROM snapshots WHERE bytes IS NULL", reader => reader.GetString(0)));
        File.WriteAllBytes(Path.Join(draft.Path, "more"), new byte[500_000]);
        Assert.InRange(await ledger.TotalAsync(None), everything + 450_000, everything + 550_000);
    }

    private CacheEviction Eviction(SnapshotCatalog from) => new(from, database, new BuildStore(database, session), TimeProvider.System);

    private async Task<SnapshotId> MakeAsync(string key, SnapshotId? parent, bool replace = false)
    {
        await using var draft = await catalog.DraftAsync(parent, WorkspaceUse.BuildStep, None);
        File.WriteAllBytes(Path.Join(draft.Path, $"of {key} {draft.Id}"), new byte[100_000]);
        return await draft.CommitAsync(key, replace, None);
    }

    private string Add(string id, SnapshotId snapshot, ImmutableArray<string> names, params SnapshotId[] steps)
    {
        var image = new Image
        {
            Id = id,
            Snapshot = snapshot,
            Key = "k",
            Config = new ImageConfig(),
            Created = DateTimeOffset.UnixEpoch,
            Steps = [.. steps.Select(step => new ImageStep("RUN a", ImageStepState.Built, step, "a", TimeSpan.Zero, new ImageConfig()))],
        };
        images.Add(image, names.Select(ImageReference.Parse));
        return id;
    }

    private void Hold(string image, SnapshotId snapshot, string name) => new ContainerStore(database).Add(new Container
    {
        Id = SnapshotId.New(), Name = name, ImageId = image, Snapshot = snapshot, Spec = new ContainerSpec { Argv = ["true"] },
        State = ContainerState.Exited, Created = DateTimeOffset.UnixEpoch,
    });
}
