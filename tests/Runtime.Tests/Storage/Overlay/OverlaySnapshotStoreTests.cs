using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Storage.Overlay;
using Kleene.Build.Testing.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Storage.Overlay;

/// <summary>What only this driver promises.</summary>
public sealed class OverlaySnapshotStoreTests : IAsyncLifetime
{
    private readonly StorageScratch scratch = new("overlay");

    private static CancellationToken Token => CancellationToken.None;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        scratch.Remove();
        return Task.CompletedTask;
    }

    [OverlayFact]
    public async Task A_base_is_committed_without_copying_a_file()
    {
        var store = new OverlaySnapshotStore(scratch.Path);
        await using var workspace = await store.PrepareAsync(SnapshotId.New(), null, WorkspaceUse.BuildStep, Token);
        foreach (var number in Enumerable.Range(0, 9_000))
        {
            await File.WriteAllTextAsync(Path.Join(workspace.Path, $"{number}"), "", Token);
        }

        var before = Inode(workspace.Path, "8999");
        await workspace.CommitAsync(Token);

        await using var view = await store.OpenAsync(workspace.Id, Token);
        Assert.Equal(before, Inode(view.Path, "8999"));
    }

    [OverlayFact]
    public async Task A_step_keeps_only_what_it_wrote()
    {
        var store = new OverlaySnapshotStore(scratch.Path);
        var parent = await SnapshotAsync(store, null);
        var child = await SnapshotAsync(store, parent);
        await store.DisposeAsync();

        var kept = Directory.EnumerateFileSystemEntries(Path.Join(scratch.Path, child.ToString()), "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(scratch.Path, path)).Order();

        Assert.Equal([$"{child}/fs", $"{child}/fs/{child}", $"{child}/lower", $"{child}/parent"], kept);
    }

    [OverlayFact]
    public async Task A_chain_that_is_too_long_is_copied_once_for_all_children()
    {
        var store = new OverlaySnapshotStore(scratch.Path, OverlayMounter.Best, maximumLayers: 3);
        var chain = new List<SnapshotId>();
        foreach (var _ in Enumerable.Range(0, 3))
        {
            chain.Add(await SnapshotAsync(store, chain.Count == 0 ? null : chain[^1]));
        }

        var children = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => SnapshotAsync(store, chain[^1]))));

        Assert.Equal([.. chain.Select(id => id.ToString()).Order()], Directory.EnumerateFiles(Path.Join(scratch.Path, chain[^1].ToString(), "flat")).Select(Path.GetFileName).Order());
        foreach (var child in children)
        {
            Assert.False(Directory.Exists(Path.Join(scratch.Path, child.ToString(), "flat")));
            Assert.Equal($"{chain[^1]}/flat", await File.ReadAllTextAsync(Path.Join(scratch.Path, child.ToString(), "lower"), Token));
        }
    }

    [OverlayFact]
    public async Task The_longest_chain_of_the_kernel_can_be_read_and_built_upon()
    {
        var store = new OverlaySnapshotStore(scratch.Path);
        SnapshotId? last = null;
        foreach (var _ in Enumerable.Range(0, OverlayMounter.Best.MaximumLower + 2))
        {
            last = await SnapshotAsync(store, last);
        }

        await using var view = await store.OpenAsync(last!.Value, Token); // The loop ran.

        Assert.Equal(OverlayMounter.Best.MaximumLower + 2, Directory.EnumerateFiles(view.Path).Count());
    }

    [OverlayTheory]
    [InlineData("merged")]
    [InlineData("merged", "work")]
    [InlineData("merged", "work", "upper")]
    [InlineData("merged", "work", "upper", "lower")]
    [InlineData("merged", "work", "upper", "lower", "parent")]
    public async Task A_half_made_workspace_is_removed_and_lets_its_parent_go(params string[] missing)
    {
        var store = new OverlaySnapshotStore(scratch.Path);
        var parent = await SnapshotAsync(store, null);
        var workspace = await store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.BuildStep, Token);
        await store.DetachAsync(workspace.Id, Token);
        foreach (var name in missing)
        {
            var path = Path.Join(scratch.Path, workspace.Id.ToString(), name);
            RawFiles.Remove(path);
        }

        await store.RemoveAsync(workspace.Id, Token);
        await store.RemoveAsync(parent, Token);

        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Path));
    }

    [OverlayFact]
    public async Task A_removal_that_was_interrupted_is_finished_by_the_next()
    {
        var store = new OverlaySnapshotStore(scratch.Path);
        var snapshot = await SnapshotAsync(store, await SnapshotAsync(store, null));
        Directory.Move(Path.Join(scratch.Path, snapshot.ToString()), Path.Join(scratch.Path, $"{snapshot}.removed"));

        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => store.OpenAsync(snapshot, Token));
        await store.RemoveAsync(snapshot, Token);

        Assert.Single(Directory.EnumerateFileSystemEntries(scratch.Path));
    }

    [OverlayFact]
    public async Task A_workspace_in_which_a_file_is_open_is_not_frozen()
    {
        var store = new OverlaySnapshotStore(scratch.Path);
        await using var workspace = await store.PrepareAsync(SnapshotId.New(), await SnapshotAsync(store, null), WorkspaceUse.BuildStep, Token);
        await using (var open = File.Create(Path.Join(workspace.Path, "log")))
        {
            var exception = await Assert.ThrowsAsync<SnapshotInUseException>(() => workspace.CommitAsync(Token));
            Assert.Equal(workspace.Id, exception.Id);
        }

        await workspace.CommitAsync(Token);
    }

    [OverlayFact]
    public async Task The_book_that_overlayfs_keeps_is_not_seen_in_a_tree()
    {
        var store = new OverlaySnapshotStore(scratch.Path, OverlayMounter.Best, maximumLayers: 2);
        SnapshotId? last = null;
        foreach (var _ in Enumerable.Range(0, 4))
        {
            await using var workspace = await store.PrepareAsync(SnapshotId.New(), last, WorkspaceUse.BuildStep, Token);
            Directory.CreateDirectory(Path.Join(workspace.Path, "replaced"));
            Directory.Delete(Path.Join(workspace.Path, "replaced"), recursive: true);
            Directory.CreateDirectory(Path.Join(workspace.Path, "replaced"));
            await workspace.CommitAsync(Token);
            last = workspace.Id;

            await using var view = await store.OpenAsync(workspace.Id, Token);
            Assert.DoesNotContain("overlay", TreeText.Of(view.Path), StringComparison.Ordinal);
        }
    }

    [OverlayFact]
    public async Task What_a_jail_mounts_in_a_workspace_stays_out_of_other_namespaces()
    {
        var store = new OverlaySnapshotStore(scratch.Path);
        await using var workspace = await store.PrepareAsync(SnapshotId.New(), await SnapshotAsync(store, null), WorkspaceUse.Container, Token);

        var mount = File.ReadLines("/proc/self/mountinfo").Single(line => line.Split(' ')[4] == workspace.Path).Split(' ');

        // proc(5): the optional fields from the seventh on name the peer group of a shared mount, and end with a hyphen.
        Assert.Equal("-", mount[6]);
    }

    private static async Task<SnapshotId> SnapshotAsync(OverlaySnapshotStore store, SnapshotId? parent)
    {
        await using var workspace = await store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.BuildStep, Token);
        await File.WriteAllTextAsync(Path.Join(workspace.Path, workspace.Id.ToString()), "", Token);
        await workspace.CommitAsync(Token);
        return workspace.Id;
    }

    private static ulong Inode(string directory, string name)
    {
        using var opened = RootedDirectory.Open(directory);
        return opened.Stat(name, followLink: false).Inode;
    }
}
