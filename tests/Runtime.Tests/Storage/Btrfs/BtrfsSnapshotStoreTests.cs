using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Storage.Btrfs;
using Kleene.Build.Testing.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Storage.Btrfs;

[CollectionDefinition(Name)]
public sealed class BtrfsTests : ICollectionFixture<BtrfsFileSystem>
{
    public const string Name = "btrfs";
}

[Collection(BtrfsTests.Name)]
[NeedsStorage(StorageNeed.Btrfs)]
public sealed class BtrfsSnapshotStoreContractTests(BtrfsFileSystem fileSystem) : SnapshotStoreContract
{
    private readonly string root = fileSystem.NewDirectory();

    protected override string Root => root;

    protected override bool ChildrenNeedTheirParent => false;

    protected override Task<ISnapshotStore> MakeStoreAsync() => Task.FromResult<ISnapshotStore>(new BtrfsSnapshotStore(Root));

    protected override Task<IReadOnlyList<string>> KeptAsync() => Task.FromResult<IReadOnlyList<string>>([.. Directory.EnumerateFileSystemEntries(Root).Order()]);

    protected override async Task RemoveStoreAsync()
    {
        foreach (var id in Directory.EnumerateDirectories(Root).Select(path => SnapshotId.Parse(Path.GetFileName(path))))
        {
            await Store.RemoveAsync(id, Token);
        }

        Directory.Delete(Root);
    }
}

/// <summary>What only this driver promises.</summary>
[Collection(BtrfsTests.Name)]
public sealed class BtrfsSnapshotStoreTests(BtrfsFileSystem fileSystem)
{
    private readonly ProcessRunner runner = new();

    private static CancellationToken Token => CancellationToken.None;

    [BtrfsFact]
    public async Task A_subvolume_made_in_a_workspace_is_part_of_its_snapshot()
    {
        var store = new BtrfsSnapshotStore(fileSystem.NewDirectory());
        await using var workspace = await store.PrepareAsync(SnapshotId.New(), null, WorkspaceUse.BuildStep, Token);
        await MakeNestedAsync(workspace.Path);
        var before = TreeText.Of(workspace.Path);

        await workspace.CommitAsync(Token);

        await using var clone = await store.PrepareAsync(SnapshotId.New(), workspace.Id, WorkspaceUse.BuildStep, Token);
        Assert.Contains("var/outer/inner/file file ", before, StringComparison.Ordinal);
        Assert.Equal(before, TreeText.Of(clone.Path));
    }

    [BtrfsFact]
    public async Task A_workspace_with_subvolumes_in_it_is_removed()
    {
        var root = fileSystem.NewDirectory();
        var store = new BtrfsSnapshotStore(root);
        await using (var workspace = await store.PrepareAsync(SnapshotId.New(), null, WorkspaceUse.BuildStep, Token))
        {
            await MakeNestedAsync(workspace.Path);
            await runner.RunToolAsync(CommandLine.Of("btrfs", "property", "set", Path.Join(workspace.Path, "var", "outer"), "ro", "true"), Token);
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(root));
    }

    [BtrfsFact]
    public async Task What_a_snapshot_shares_with_another_is_not_measured()
    {
        var store = new BtrfsSnapshotStore(fileSystem.NewDirectory());
        await using var workspace = await store.PrepareAsync(SnapshotId.New(), null, WorkspaceUse.BuildStep, Token);
        await File.WriteAllBytesAsync(Path.Join(workspace.Path, "large"), new byte[3 << 20], Token);
        await workspace.CommitAsync(Token);
        var alone = await store.MeasureAsync(workspace.Id, Token);

        await using var clone = await store.PrepareAsync(SnapshotId.New(), workspace.Id, WorkspaceUse.BuildStep, Token);

        Assert.Equal(3 << 20, alone);
        Assert.Equal(0, await store.MeasureAsync(workspace.Id, Token));
    }

    [BtrfsFact]
    public async Task A_snapshot_cannot_be_written_to()
    {
        var store = new BtrfsSnapshotStore(fileSystem.NewDirectory());
        await using var workspace = await store.PrepareAsync(SnapshotId.New(), null, WorkspaceUse.BuildStep, Token);
        await workspace.CommitAsync(Token);

        await using var view = await store.OpenAsync(workspace.Id, Token);

        Assert.Throws<IOException>(() => File.WriteAllText(Path.Join(view.Path, "file"), ""));
    }

    private async Task MakeNestedAsync(string root)
    {
        Directory.CreateDirectory(Path.Join(root, "var"));
        await runner.RunToolAsync(CommandLine.Of("btrfs", "subvolume", "create", Path.Join(root, "var", "outer")), Token);
        await runner.RunToolAsync(CommandLine.Of("btrfs", "subvolume", "create", Path.Join(root, "var", "outer", "inner")), Token);
        await File.WriteAllTextAsync(Path.Join(root, "var", "outer", "inner", "file"), "nested", Token);
    }
}
