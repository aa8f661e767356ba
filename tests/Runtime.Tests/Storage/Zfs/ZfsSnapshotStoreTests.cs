using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Storage.Zfs;
using Kleene.Build.Testing.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Storage.Zfs;

[CollectionDefinition(Name)]
public sealed class ZfsTests : ICollectionFixture<ZfsPool>
{
    public const string Name = "zfs";
}

[Collection(ZfsTests.Name)]
[NeedsStorage(StorageNeed.Zfs)]
public sealed class ZfsSnapshotStoreContractTests(ZfsPool pool) : SnapshotStoreContract
{
    private DatasetName dataset;
    private string mountRoot = "";

    protected override string Root => mountRoot;

    /// <summary>Five commands a step.</summary>
    protected override int ChainLength => 20;

    protected override async Task<ISnapshotStore> MakeStoreAsync()
    {
        (dataset, mountRoot) = await pool.NewDatasetAsync();
        return new ZfsSnapshotStore(pool.Runner, dataset, mountRoot);
    }

    protected override async Task<IReadOnlyList<string>> KeptAsync()
    {
        // Mount points come and go with the trees, and so do the locks of their readers.
        var directories = Directory.EnumerateFileSystemEntries(Root).Where(path => !StorageScratch.MountsBelow(Root).Contains(path) && !path.EndsWith(".lock", StringComparison.Ordinal));
        return [.. await pool.ChildrenAsync(dataset), .. directories];
    }

    /// <summary>The pool goes as a whole.</summary>
    protected override Task RemoveStoreAsync() => Task.CompletedTask;
}

/// <summary>What only this driver promises.</summary>
[Collection(ZfsTests.Name)]
public sealed class ZfsSnapshotStoreTests(ZfsPool pool)
{
    private static CancellationToken Token => CancellationToken.None;

    [ZfsFact]
    public async Task A_foreign_dataset_is_copied_and_can_then_go()
    {
        var (store, source) = await StoreAndSourceAsync();
        var before = TreeText.Of(source.Path);
        var id = SnapshotId.New();

        await store.CopyDatasetAsync(source.Name, id, Token);
        await pool.RunAsync("zfs", "unmount", source.Name.ToString());
        await new ZfsTool(pool.Runner).TryRunWhileBusyAsync(source.Name.ToString(), source.Path, Token, "destroy", source.Name.ToString());

        await using var view = await store.OpenAsync(id, Token);
        Assert.Equal(before, TreeText.Of(view.Path));
        Assert.Contains("etc/motd file", before, StringComparison.Ordinal);
    }

    [ZfsFact]
    public async Task A_foreign_dataset_is_cloned_and_keeps_nothing_when_the_clone_goes()
    {
        var (store, source) = await StoreAndSourceAsync();
        var before = TreeText.Of(source.Path);
        var id = SnapshotId.New();

        await store.CloneDatasetAsync(source.Name, id, Token);

        await using (var child = await store.PrepareAsync(SnapshotId.New(), id, WorkspaceUse.BuildStep, Token))
        {
            Assert.Equal(before, TreeText.Of(child.Path));
        }

        await store.RemoveAsync(id, Token);
        Assert.Empty(await pool.ChildrenAsync(source.Name));
    }

    [ZfsFact]
    public async Task A_snapshot_of_a_foreign_dataset_is_copied_as_it_was()
    {
        var (store, source) = await StoreAndSourceAsync();
        var before = TreeText.Of(source.Path);
        await pool.RunAsync("zfs", "snapshot", source.Name.Snapshot("release").ToString());
        File.Delete(Path.Join(source.Path, "etc", "motd"));
        var id = SnapshotId.New();

        await store.CopyDatasetAsync(source.Name.Snapshot("release"), id, Token);

        await using var view = await store.OpenAsync(id, Token);
        Assert.Equal(before, TreeText.Of(view.Path));
    }

    [ZfsFact]
    public async Task A_foreign_dataset_that_is_not_there_is_named_and_nothing_is_left()
    {
        var (dataset, mountRoot) = await pool.NewDatasetAsync();
        var store = new ZfsSnapshotStore(pool.Runner, dataset, mountRoot);

        var copy = await Assert.ThrowsAsync<DatasetNotFoundException>(() => store.CopyDatasetAsync(pool.Name.Child("nowhere"), SnapshotId.New(), Token));
        var clone = await Assert.ThrowsAsync<DatasetNotFoundException>(() => store.CloneDatasetAsync(pool.Name.Child("nowhere").Snapshot("then"), SnapshotId.New(), Token));

        Assert.Equal($"there is no dataset '{pool.Name}/nowhere'", copy.Message);
        Assert.Equal($"there is no dataset '{pool.Name}/nowhere@then'", clone.Message);
        Assert.Empty(await pool.ChildrenAsync(dataset));
    }

    [ZfsFact]
    public async Task A_workspace_in_which_a_file_is_open_is_not_frozen()
    {
        var (dataset, mountRoot) = await pool.NewDatasetAsync();
        var store = new ZfsSnapshotStore(pool.Runner, dataset, mountRoot);
        await using var workspace = await store.PrepareAsync(SnapshotId.New(), null, WorkspaceUse.BuildStep, Token);
        await using (File.Create(Path.Join(workspace.Path, "open")))
        {
            await Assert.ThrowsAsync<SnapshotInUseException>(() => workspace.CommitAsync(Token));
        }

        await workspace.CommitAsync(Token);
    }

    private async Task<(ZfsSnapshotStore Store, (DatasetName Name, string Path) Source)> StoreAndSourceAsync()
    {
        var (dataset, mountRoot) = await pool.NewDatasetAsync();
        var source = await pool.NewDatasetAsync();
        Directory.CreateDirectory(Path.Join(source.MountRoot, "etc"));
        await File.WriteAllTextAsync(Path.Join(source.MountRoot, "etc", "motd"), "welcome", Token);
        return (new ZfsSnapshotStore(pool.Runner, dataset, mountRoot), source);
    }
}
