using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Volumes;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Jails;
using Kleene.Build.Testing.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Volumes;

/// <summary>Two commands on one state directory, played in one process: their locks are those of two.</summary>
public sealed class VolumeLifecycleTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly ScratchDirectory folder = new();
    private readonly Database database;
    private readonly Session session;
    private readonly Session other;
    private readonly DirectorySnapshotStore store;
    private readonly VolumeStore volumes;
    private readonly VolumeLifecycle ours;
    private readonly VolumeLifecycle theirs;

    public VolumeLifecycleTests()
    {
        var state = StateDirectory.Open(folder["state"]);
        database = Database.Open(state);
        session = new Session(state);
        other = new Session(state);
        store = new DirectorySnapshotStore(folder.MakeDirectory("trees"));
        volumes = new VolumeStore(database);
        ours = Of(session);
        theirs = Of(other);

        VolumeLifecycle Of(Session maker) => new(
            volumes, new ContainerStore(database), new SnapshotCatalog(store, database, maker, TimeProvider.System), new FakeJailDriver(), database, state, TimeProvider.System);
    }

    public void Dispose()
    {
        session.Dispose();
        other.Dispose();
        database.Dispose();
        folder.Dispose();
    }

    [RootFact]
    public async Task A_volume_is_made_when_it_is_first_wanted_and_found_again()
    {
        var spec = new VolumeSpec { Name = "data", Permissions = 0x1c9, Owner = new FileOwner(5, 6), Fill = (path, token) => File.WriteAllTextAsync(Path.Join(path, "first"), "x", token) };
        using (var lease = await ours.AcquireAsync(spec, VolumeSharing.Shared, waiting: null, None))
        {
            await File.WriteAllTextAsync(Path.Join(lease.Path, "kept"), "x");
            using var root = RootedDirectory.Open(lease.Path);
            Assert.Equal((0x1c9u, new FileOwner(5, 6)), (root.Stat(UnixPath.Empty, followLink: false).Permissions, root.Stat(UnixPath.Empty, followLink: false).Owner));
        }

        using var again = await theirs.AcquireAsync(new VolumeSpec { Name = "data" }, VolumeSharing.Alone, waiting: null, None);

        Assert.Equal(["first", "kept"], Directory.EnumerateFiles(again.Path).Select(Path.GetFileName).Order());
        Assert.Single(volumes.List());
        Assert.Empty(database.Query("SELECT id FROM workspaces", reader => reader.GetString(0)));
    }

    [RootFact]
    public async Task Those_who_share_do_not_wait_and_who_wants_it_alone_does()
    {
        var spec = new VolumeSpec { Name = "data" };
        var first = await ours.AcquireAsync(spec, VolumeSharing.Shared, waiting: null, None);
        var second = await theirs.AcquireAsync(spec, VolumeSharing.Shared, waiting: null, None);
        var told = new TaskCompletionSource<Volume>();

        var alone = ours.AcquireAsync(spec, VolumeSharing.Alone, told.SetResult, None);
        Assert.Equal("data", (await told.Task).Name);
        first.Dispose();
        Assert.Null(await theirs.TryAcquireAloneAsync(spec, None));
        Assert.False(alone.IsCompleted);
        second.Dispose();

        using var lease = await alone;
        Assert.Null(await theirs.TryAcquireAloneAsync(spec, None));
    }

    [RootFact]
    public async Task Waiting_can_be_given_up()
    {
        var spec = new VolumeSpec { Name = "data" };
        using var held = await ours.AcquireAsync(spec, VolumeSharing.Alone, waiting: null, None);
        using var patience = new CancellationTokenSource();

        var waiting = theirs.AcquireAsync(spec, VolumeSharing.Shared, _ => patience.Cancel(), patience.Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [RootFact]
    public async Task A_volume_in_use_is_not_removed_and_one_that_is_gone_is_made_anew()
    {
        var spec = new VolumeSpec { Name = "data" };
        var held = await ours.AcquireAsync(spec, VolumeSharing.Shared, waiting: null, None);
        var volume = held.Volume;

        var refused = await Assert.ThrowsAsync<VolumeInUseException>(() => theirs.RemoveAsync(volume, None));
        held.Dispose();
        await theirs.RemoveAsync(volume, None);
        await theirs.RemoveAsync(volume, None);
        using var anew = await ours.AcquireAsync(spec, VolumeSharing.Shared, waiting: null, None);

        Assert.Contains("volume 'data' is in use", refused.Message, StringComparison.Ordinal);
        Assert.NotEqual(volume.Id, anew.Volume.Id);
        Assert.Empty(Directory.EnumerateFileSystemEntries(anew.Path));
    }

    [RootFact]
    public async Task Of_many_who_make_the_same_volume_at_once_one_does()
    {
        var spec = new VolumeSpec { Name = "data", Fill = (path, token) => File.WriteAllTextAsync(Path.Join(path, Guid.NewGuid().ToString()), "", token) };

        var leases = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => (i % 2 == 0 ? ours : theirs).AcquireAsync(spec, VolumeSharing.Shared, waiting: null, None))));

        Assert.Single(leases.Select(lease => lease.Volume.Id).Distinct());
        Assert.Single(Directory.EnumerateFiles(leases[0].Path));
        Assert.Empty(database.Query("SELECT id FROM workspaces", reader => reader.GetString(0)));
        Assert.All(leases, lease => lease.Dispose());
    }

    [RootFact]
    public async Task A_filling_that_fails_leaves_nothing()
    {
        var spec = new VolumeSpec { Name = "data", Fill = (_, _) => throw new KleeneException("no") };

        await Assert.ThrowsAsync<KleeneException>(() => ours.CreateAsync(spec, None));

        Assert.Empty(volumes.List());
        Assert.Empty(database.Query("SELECT id FROM workspaces", reader => reader.GetString(0)));
    }

    [RootFact]
    public async Task An_empty_volume_is_filled_and_one_with_files_or_a_user_is_not()
    {
        var empty = await ours.CreateAsync(new VolumeSpec { Name = "empty" }, None);
        var used = await ours.CreateAsync(new VolumeSpec { Name = "used" }, None);
        VolumeSpec Filled(Volume volume) => new() { Name = volume.Name, Fill = (path, token) => File.WriteAllTextAsync(Path.Join(path, "filled"), "", token) };

        using var user = await theirs.AcquireAsync(new VolumeSpec { Name = used.Name }, VolumeSharing.Shared, waiting: null, None);
        using var one = await ours.AcquireFilledAsync(Filled(empty), None);
        using var two = await ours.AcquireFilledAsync(Filled(used), None);
        await File.WriteAllTextAsync(Path.Join(one.Path, "more"), "");
        File.Delete(Path.Join(one.Path, "filled"));
        using var again = await ours.AcquireFilledAsync(Filled(empty), None);

        Assert.Equal(["more"], Directory.EnumerateFiles(again.Path).Select(Path.GetFileName));
        Assert.Empty(Directory.EnumerateFiles(two.Path));
    }

    [RootFact]
    public async Task A_copy_is_a_volume_of_its_own()
    {
        var spec = new VolumeSpec { Name = "data", Labels = VolumeSpec.NoLabels.Add("a", "b"), Fill = (path, token) => File.WriteAllTextAsync(Path.Join(path, "x"), "1", token) };
        var source = await ours.CreateAsync(spec, None);

        var copy = await ours.CopyAsync(source, "copy", None);

        using var lease = await ours.AcquireAsync(new VolumeSpec { Name = "copy" }, VolumeSharing.Shared, waiting: null, None);
        Assert.Equal("1", await File.ReadAllTextAsync(Path.Join(lease.Path, "x")));
        Assert.Equal(("b", true), (copy.Labels["a"], copy.Id != source.Id));
        await Assert.ThrowsAsync<KleeneException>(() => ours.CopyAsync(source, "copy", None));
    }

    [Theory]
    [InlineData("data", true)]
    [InlineData("0", true)]
    [InlineData("a.b_c-D", true)]
    [InlineData("", false)]
    [InlineData(".a", false)]
    [InlineData("-a", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    [InlineData("a\n", false)]
    [InlineData("ä", false)]
    public void Names_are_checked(string name, bool isName) =>
        Assert.Equal(isName, Record.Exception(() => VolumeStore.Checked(name)) is null);
}
