using Kleene.Build.Runtime.Storage;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Storage;

public sealed class TreeGrowthTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly DirectorySnapshotStore store;

    public TreeGrowthTests() => store = new DirectorySnapshotStore(scratch["trees"]);

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task Files_that_came_changed_and_went_are_counted_with_their_bytes()
    {
        var before = await CommitAsync(null, "mkdir -p gone/deep kept; printf 12345 > gone/deep/a; printf 1 > gone/b; ln -s a gone/link; printf 123 > kept/changed; printf 12 > kept/file");
        var after = await CommitAsync(before, "rm -r gone; printf 1234567 > kept/changed; rm kept/file; mkdir -p 'new dir/empty'; printf 12 > 'new dir/c'; ln -s nowhere 'new dir/link'");

        var delta = await TreeGrowth.MeasureAsync(store, before, after, CancellationToken.None);

        Assert.Equal(new TreeGrowth(FilesAdded: 2, FilesChanged: 1, FilesRemoved: 4, BytesAdded: 9, BytesRemoved: 11), delta);
    }

    [Fact]
    public async Task Everything_is_new_in_a_tree_that_was_made_from_nothing()
    {
        var after = await CommitAsync(null, "mkdir d; printf 123 > d/a; printf 1 > b");

        Assert.Equal(new TreeGrowth(2, 0, 0, 4, 0), await TreeGrowth.MeasureAsync(store, null, after, CancellationToken.None));
    }

    [Fact]
    public async Task A_directory_that_became_a_file_takes_its_files_with_it()
    {
        var before = await CommitAsync(null, "mkdir d; printf 123 > d/a; printf 1 > d/b");
        var after = await CommitAsync(before, "rm -r d; printf 12 > d");

        Assert.Equal(new TreeGrowth(1, 0, 2, 2, 4), await TreeGrowth.MeasureAsync(store, before, after, CancellationToken.None));
    }

    [Fact]
    public async Task A_step_that_kept_its_parents_tree_changed_nothing()
    {
        var only = await CommitAsync(null, "printf 1 > a");

        Assert.Equal(TreeGrowth.None, await TreeGrowth.MeasureAsync(store, only, only, CancellationToken.None));
    }

    private async Task<SnapshotId> CommitAsync(SnapshotId? parent, string script)
    {
        var workspace = await store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.BuildStep, CancellationToken.None);
        scratch.Shell($"cd '{workspace.Path}' && {script}");
        await store.CommitAsync(workspace, CancellationToken.None);
        return workspace.Id;
    }
}
