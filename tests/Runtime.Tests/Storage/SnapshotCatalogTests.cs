using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Users;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Storage;

public sealed class SnapshotCatalogTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly ScratchDirectory folder = new();
    private readonly StateDirectory state;
    private readonly Database database;
    private readonly Session session;
    private readonly Session other;
    private readonly DirectorySnapshotStore store;
    private readonly SnapshotCatalog catalog;
    private readonly SnapshotCatalog theirs;

    public SnapshotCatalogTests()
    {
        state = StateDirectory.Open(folder["state"]);
        database = Database.Open(state);
        session = new Session(state);
        other = new Session(state);
        store = new DirectorySnapshotStore(folder.MakeDirectory("trees"));
        catalog = new SnapshotCatalog(store, database, session, TimeProvider.System);
        theirs = new SnapshotCatalog(store, database, other, TimeProvider.System);
    }

    public void Dispose()
    {
        session.Dispose();
        other.Dispose();
        database.Dispose();
        folder.Dispose();
    }

    [RootFact]
    public async Task A_committed_draft_is_found_by_its_key_and_leaves_no_announcement()
    {
        var id = await MakeAsync("key", null, "it's $HOME\r\n");

        Assert.Equal(id, catalog.Find("key"));
        Assert.Null(catalog.Find("KEY"));
        await using var view = await catalog.OpenAsync(id, None);
        Assert.Equal("it's $HOME\r\n", File.ReadAllText(Path.Join(view.Path, "file")));
        Assert.Equal(0, Rows("workspaces"));
    }

    [RootFact]
    public async Task A_draft_that_is_not_committed_leaves_nothing()
    {
        await using (var draft = await catalog.DraftAsync(null, WorkspaceUse.BuildStep, None))
        {
            File.WriteAllText(Path.Join(draft.Path, "file"), "x");
        }

        AssertNothingIsKept();
    }

    [RootFact]
    public async Task Of_two_with_one_key_the_first_stays()
    {
        await using var slow = await catalog.DraftAsync(null, WorkspaceUse.BuildStep, None);
        var fast = await MakeAsync("key", null);

        Assert.Equal(fast, await slow.CommitAsync("key", replace: false, None));

        Assert.Equal(fast, catalog.Find("key"));
        Assert.Equal([$"{fast}"], Trees());
        Assert.Equal(0, Rows("workspaces"));
    }

    [RootFact]
    public async Task One_that_replaces_takes_the_key_and_the_old_tree_waits_to_be_pruned()
    {
        var old = await MakeAsync("key", null);
        await using var draft = await catalog.DraftAsync(null, WorkspaceUse.BuildStep, None);

        var replaced = await draft.CommitAsync("key", replace: true, None);

        Assert.NotEqual(old, replaced);
        Assert.Equal(replaced, catalog.Find("key"));
        Assert.Contains(old, catalog.Leaves());
    }

    [RootFact]
    public async Task A_sweep_removes_what_an_ended_session_announced_and_nobody_finished()
    {
        var draft = await theirs.DraftAsync(null, WorkspaceUse.BuildStep, None);
        other.Dispose();
        var released = new List<SnapshotId>();

        await catalog.SweepAsync((id, _) => { released.Add(id); return Task.CompletedTask; }, None);

        Assert.Equal([draft.Id], released);
        AssertNothingIsKept();
    }

    [RootFact]
    public async Task A_sweep_removes_a_tree_that_was_frozen_but_not_published()
    {
        var draft = await theirs.DraftAsync(null, WorkspaceUse.BuildStep, None);
        await store.CommitAsync(await store.AttachAsync(draft.Id, None), None);
        other.Dispose();

        await SweepAsync();

        AssertNothingIsKept();
    }

    [RootFact]
    public async Task A_sweep_removes_what_was_announced_and_never_made()
    {
        theirs.Announce(SnapshotId.New(), null);
        other.Dispose();

        await SweepAsync();

        AssertNothingIsKept();
    }

    [RootFact]
    public async Task A_sweep_leaves_living_sessions_alone()
    {
        await using var draft = await theirs.DraftAsync(null, WorkspaceUse.BuildStep, None);

        await SweepAsync();

        Assert.True(Directory.Exists(draft.Path));
        Assert.Equal(1, Rows("workspaces"));
    }

    [RootFact]
    public async Task Two_sweeps_at_once_remove_each_tree_once()
    {
        for (var i = 0; i < 10; i++)
        {
            await theirs.DraftAsync(null, WorkspaceUse.BuildStep, None);
        }

        other.Dispose();
        using var third = new Session(state);
        var released = 0;
        Task Count(SnapshotId id, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref released);
            return Task.CompletedTask;
        }

        await Task.WhenAll(
            Task.Run(() => catalog.SweepAsync(Count, None)),
            Task.Run(() => new SnapshotCatalog(store, database, third, TimeProvider.System).SweepAsync(Count, None)));

        // A session whose end one of them is just finding out still counts as alive for the other, whose turn comes with the next sweep.
        await catalog.SweepAsync(Count, None);
        Assert.Equal(10, released);
        AssertNothingIsKept();
    }

    [RootFact]
    public async Task What_is_still_in_use_does_not_stop_a_sweep_and_is_removed_by_a_later_one()
    {
        var busy = await theirs.DraftAsync(null, WorkspaceUse.BuildStep, None);
        await theirs.DraftAsync(null, WorkspaceUse.BuildStep, None);
        other.Dispose();

        await catalog.SweepAsync((id, _) => id == busy.Id ? throw new SnapshotInUseException(id, "a process runs in it") : Task.CompletedTask, None);

        Assert.Equal([$"{busy.Id}.workspace"], Trees());
        session.Dispose();
        using var later = new Session(state);
        await new SnapshotCatalog(store, database, later, TimeProvider.System).SweepAsync((_, _) => Task.CompletedTask, None);
        AssertNothingIsKept();
    }

    [RootFact]
    public async Task Removal_goes_up_to_what_something_stands_on()
    {
        var root = await MakeAsync("a", null);
        var trunk = await MakeAsync("b", root);
        var branch = await MakeAsync("c", trunk);
        var leaf = await MakeAsync("d", branch);
        var beside = await MakeAsync("e", trunk);

        Assert.Equal([leaf, branch], await catalog.RemoveUnusedAsync([leaf], None));

        Assert.Equal([$"{root}", $"{trunk}", $"{beside}"], Trees().OrderBy(tree => new[] { $"{root}", $"{trunk}", $"{beside}" }.ToList().IndexOf(tree)));
        Assert.Null(catalog.Find("d"));
        Assert.Equal(trunk, catalog.Find("b"));
        Assert.Equal([beside], catalog.Leaves());
        Assert.Equal([beside, trunk, root], await catalog.RemoveUnusedAsync([beside], None));
        AssertNothingIsKept();
    }

    [RootFact]
    public async Task An_image_a_step_of_one_and_a_container_hold_what_they_stand_on()
    {
        var images = new ImageStore(database);
        var step = await MakeAsync("a", null);
        var image = new Image
        {
            Id = "0123456789ab",
            Snapshot = await MakeAsync("b", null),
            Key = "b",
            Config = new ImageConfig(),
            Created = DateTimeOffset.UnixEpoch,
            Steps = [new ImageStep("RUN a", ImageStepState.Built, step, "a", TimeSpan.Zero, new ImageConfig())],
        };
        images.Add(image, []);
        var held = await MakeAsync("c", null);
        new ContainerStore(database).Add(new Container
        {
            Id = SnapshotId.New(), Name = "box", ImageId = image.Id, Snapshot = held, Spec = new ContainerSpec { Argv = ["true"] },
            State = ContainerState.Exited, Created = DateTimeOffset.UnixEpoch,
        });

        Assert.Empty(await catalog.RemoveUnusedAsync([step, image.Snapshot, held], None));
        Assert.Empty(catalog.Leaves());
    }

    [RootFact]
    public async Task A_snapshot_that_somebody_is_building_on_is_not_removed()
    {
        var parent = await MakeAsync("a", null);
        await using var draft = await theirs.DraftAsync(parent, WorkspaceUse.BuildStep, None);

        Assert.Empty(catalog.Leaves());
        Assert.Empty(await catalog.RemoveUnusedAsync([parent], None));

        var child = await draft.CommitAsync("b", replace: false, None);
        Assert.Equal([child, parent], await catalog.RemoveUnusedAsync([child], None));
    }

    [RootFact]
    public async Task A_draft_on_what_another_has_just_removed_says_so()
    {
        var parent = await MakeAsync("a", null);
        await catalog.RemoveUnusedAsync([parent], None);

        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => catalog.DraftAsync(parent, WorkspaceUse.BuildStep, None));

        Assert.Equal(0, Rows("workspaces"));
    }

    [RootFact]
    public async Task A_snapshot_that_takes_the_place_of_an_earlier_one_has_its_parent_and_keeps_it()
    {
        var parent = await MakeAsync("a", null);
        var earlier = await MakeAsync("b", parent);
        await using var draft = await catalog.ReviseAsync(earlier, None);
        Assert.Empty(await theirs.RemoveUnusedAsync([earlier], None));

        var later = await draft.CommitAsync("c", replace: false, None);

        Assert.Equal(parent, catalog.ParentOf(later));
        Assert.Empty(await catalog.RemoveUnusedAsync([earlier], None));
        Assert.Equal([later, earlier, parent], await catalog.RemoveUnusedAsync([later], None));
        AssertNothingIsKept();
    }

    [RootFact]
    public async Task Nothing_is_before_what_takes_the_place_of_a_first_step()
    {
        await using var draft = await catalog.ReviseAsync(await MakeAsync("a", null), None);

        Assert.Null(catalog.ParentOf(await draft.CommitAsync("b", replace: false, None)));
    }

    [RootFact]
    public async Task An_earlier_copy_is_found_for_its_parent_only_as_long_as_its_snapshot_is_believed()
    {
        var parent = await MakeAsync("a", null);
        var snapshot = await MakeAsync("b", parent);
        var files = new ManifestWriter(0);
        files.Begin("", count: 0);
        catalog.EarlierCopies.Save("question", new EarlierCopy(snapshot, "sr/v", new FileOwner(7, 4_000_000_000), files.Finish()));

        var found = catalog.EarlierCopies.Find("question", parent);

        Assert.Equal((snapshot, (UnixPath)"sr/v", new FileOwner(7, 4_000_000_000)), (found!.Snapshot, found.Directory, found.Owner));
        Assert.Null(catalog.EarlierCopies.Find("question", null));
        Assert.Null(catalog.EarlierCopies.Find("another", parent));
        catalog.Disbelieve(snapshot);
        Assert.Null(catalog.EarlierCopies.Find("question", parent));
        await catalog.RemoveUnusedAsync([snapshot], None);
        Assert.Equal(0, Rows("earlier_copies"));
    }

    [RootFact]
    public async Task A_removal_that_was_cut_short_is_finished_by_a_sweep()
    {
        var id = await MakeAsync("a", null);
        var dying = new SnapshotCatalog(new DiesAtRemoval(store), database, other, TimeProvider.System);

        await Assert.ThrowsAsync<IOException>(() => dying.RemoveUnusedAsync([id], None));

        Assert.Null(catalog.Find("a"));
        Assert.Equal(1, Rows("workspaces"));
        other.Dispose();
        await SweepAsync();
        AssertNothingIsKept();
    }

    [RootFact]
    public async Task An_import_that_fails_leaves_nothing_and_one_that_works_has_a_key_of_its_own()
    {
        await Assert.ThrowsAsync<KleeneException>(() => catalog.ImportAsync(
            async (id, token) =>
            {
                await store.PrepareAsync(id, null, WorkspaceUse.BuildStep, token);
                throw new KleeneException("the dataset is busy");
            },
            None));
        AssertNothingIsKept();

        var (snapshot, key) = await catalog.ImportAsync(
            async (id, token) => await store.CommitAsync(await store.PrepareAsync(id, null, WorkspaceUse.BuildStep, token), token), None);

        Assert.Equal(snapshot, catalog.Find(key));
    }

    private async Task<SnapshotId> MakeAsync(string key, SnapshotId? parent, string content = "")
    {
        await using var draft = await catalog.DraftAsync(parent, WorkspaceUse.BuildStep, None);
        File.WriteAllText(Path.Join(draft.Path, "file"), content);
        return await draft.CommitAsync(key, replace: false, None);
    }

    private Task SweepAsync() => catalog.SweepAsync((_, _) => Task.CompletedTask, None);

    private string[] Trees() => [.. Directory.GetDirectories(folder["trees"]).Select(path => Path.GetFileName(path))];

    private long Rows(string table) => long.Parse(database.QueryFirst($"SELECT count(*) FROM {table}", reader => reader.GetString(0))!, System.Globalization.CultureInfo.InvariantCulture);

    private void AssertNothingIsKept()
    {
        Assert.Empty(Trees());
        Assert.Equal(0, Rows("workspaces"));
        Assert.Equal(0, Rows("snapshots"));
        Assert.Equal(0, Rows("cache"));
    }
}
