using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Users;
using Kleene.Build.Testing.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Storage;

/// <summary>
/// The law of snapshots. An heir makes a store with a root of its own for each test; after each test nothing may be left mounted there.
/// </summary>
public abstract class SnapshotStoreContract : IAsyncLifetime
{
    private ISnapshotStore? store;

    protected static CancellationToken Token => CancellationToken.None;

    protected ISnapshotStore Store => store ?? throw new InvalidOperationException("the store is made before the test");

    /// <summary>Whether a snapshot refuses to go while a clone of it exists. Where clones share nothing by name, as on btrfs, it goes.</summary>
    protected virtual bool ChildrenNeedTheirParent => true;

    /// <summary>The directory in which the store mounts.</summary>
    protected abstract string Root { get; }

    /// <summary>Whether what a clone has from its parent takes no space again.</summary>
    protected virtual bool SharesFiles => true;

    /// <summary>What the store keeps of its trees: names of directories or datasets. Empty when there are no trees.</summary>
    protected abstract Task<IReadOnlyList<string>> KeptAsync();

    protected abstract Task<ISnapshotStore> MakeStoreAsync();

    protected abstract Task RemoveStoreAsync();

    public async Task InitializeAsync() => store = await MakeStoreAsync();

    public async Task DisposeAsync()
    {
        var mounted = StorageScratch.MountsBelow(Root);
        await RemoveStoreAsync();
        Assert.Empty(mounted);
    }

    [ContractFact]
    public async Task An_empty_workspace_is_an_empty_directory_of_root_with_mode_755()
    {
        await using var workspace = await Store.PrepareAsync(SnapshotId.New(), null, WorkspaceUse.BuildStep, Token);

        var tree = TreeText.Of(workspace.Path);

        Assert.StartsWith(". dir 755 0:0 ", tree, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', tree);
    }

    [ContractFact]
    public async Task What_snapshots_take_when_they_are_frozen_adds_up_to_what_all_of_them_take()
    {
        if (Store.CountsItself)
        {
            return; // Nobody has to add up anything.
        }

        var (ids, counted) = (new List<SnapshotId>(), 0L);
        foreach (var (parent, size) in ((int, int)[])[(-1, 3_000_000), (0, 2_000_000), (1, 1_000_000), (0, 500_000)])
        {
            await using var workspace = await Store.PrepareAsync(SnapshotId.New(), parent < 0 ? null : ids[parent], WorkspaceUse.BuildStep, Token);
            File.WriteAllBytes(Path.Join(workspace.Path, $"f{ids.Count}"), Enumerable.Range(0, size).Select(i => (byte)(i * 31 >> 3)).ToArray());
            await workspace.CommitAsync(Token);
            ids.Add(workspace.Id);
            counted += await Store.MeasureAsync(workspace.Id, Token) + (workspace.GrewParent ? 6_000_000 : 0);
        }

        var all = await Store.MeasureAllAsync(Token);
        Assert.InRange(all, 6_400_000, 40_000_000);
        Assert.InRange((await Store.MeasureInOrderAsync(ids, Token)).Sum(), all * 0.98, all * 1.02);
        Assert.InRange(counted, all * 0.98, all * 1.02);
    }

    [ContractFact]
    public async Task A_clone_has_the_files_of_its_parent()
    {
        var parent = await SnapshotAsync(null, root => File.WriteAllText(Path.Join(root, "a file"), "of the parent"));

        await using var clone = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.BuildStep, Token);

        Assert.Equal("of the parent", await File.ReadAllTextAsync(Path.Join(clone.Path, "a file"), Token));
    }

    [ContractFact]
    public async Task What_is_written_in_a_clone_does_not_reach_its_parent()
    {
        var parent = await SnapshotAsync(null, root => File.WriteAllText(Path.Join(root, "file"), "old"));
        var before = await TreeAsync(parent);

        await using (var clone = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.BuildStep, Token))
        {
            await File.WriteAllTextAsync(Path.Join(clone.Path, "file"), "new and longer", Token);
            await File.WriteAllTextAsync(Path.Join(clone.Path, "another"), "", Token);
        }

        Assert.Equal(before, await TreeAsync(parent));
    }

    [ContractFact]
    public async Task Two_clones_of_one_parent_do_not_see_each_other()
    {
        var parent = await SnapshotAsync(null, root => File.WriteAllText(Path.Join(root, "shared"), "0"));

        await using var first = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.BuildStep, Token);
        await using var second = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.Container, Token);
        await File.WriteAllTextAsync(Path.Join(first.Path, "shared"), "1", Token);
        File.Delete(Path.Join(second.Path, "shared"));

        Assert.Equal("1", await File.ReadAllTextAsync(Path.Join(first.Path, "shared"), Token));
        Assert.False(File.Exists(Path.Join(second.Path, "shared")));
    }

    [ContractFact]
    public async Task A_file_deleted_in_a_clone_stays_deleted_in_its_clones()
    {
        var parent = await SnapshotAsync(null, root => File.WriteAllText(Path.Join(root, "file"), ""));

        var child = await SnapshotAsync(parent, root => File.Delete(Path.Join(root, "file")));
        var grandchild = await SnapshotAsync(child, root => File.WriteAllText(Path.Join(root, "other"), ""));

        Assert.Equal(["other"], await NamesAsync(grandchild));
        Assert.Equal(["file"], await NamesAsync(parent));
    }

    [ContractFact]
    public async Task A_directory_made_anew_shows_nothing_of_the_one_it_replaces()
    {
        var parent = await SnapshotAsync(null, root =>
        {
            Directory.CreateDirectory(Path.Join(root, "etc", "deep"));
            File.WriteAllText(Path.Join(root, "etc", "old"), "");
        });

        var child = await SnapshotAsync(parent, root =>
        {
            Directory.Delete(Path.Join(root, "etc"), recursive: true);
            Directory.CreateDirectory(Path.Join(root, "etc"));
            File.WriteAllText(Path.Join(root, "etc", "new"), "");
        });

        Assert.Equal(["etc", "etc/new"], await NamesAsync(child));
    }

    [ContractFact]
    public async Task A_directory_of_the_parent_can_be_moved()
    {
        var parent = await SnapshotAsync(null, root =>
        {
            Directory.CreateDirectory(Path.Join(root, "from", "sub"));
            File.WriteAllText(Path.Join(root, "from", "sub", "file"), "moved");
        });

        var child = await SnapshotAsync(parent, root => RawFiles.Move(Path.Join(root, "from"), Path.Join(root, "to")));

        Assert.Equal(["to", "to/sub", "to/sub/file"], await NamesAsync(child));
    }

    [ContractFact]
    public async Task A_file_can_take_the_place_of_a_directory_and_the_other_way_round()
    {
        var parent = await SnapshotAsync(null, root =>
        {
            Directory.CreateDirectory(Path.Join(root, "was directory", "inner"));
            File.WriteAllText(Path.Join(root, "was file"), "");
        });

        var child = await SnapshotAsync(parent, root =>
        {
            Directory.Delete(Path.Join(root, "was directory"), recursive: true);
            File.WriteAllText(Path.Join(root, "was directory"), "");
            File.Delete(Path.Join(root, "was file"));
            Directory.CreateDirectory(Path.Join(root, "was file", "inner"));
        });

        Assert.Equal(["was%20directory", "was%20file", "was%20file/inner"], await NamesAsync(child));
    }

    [ContractFact]
    public Task Hard_links_stay_links() => SurvivesAsync(
        root =>
        {
            Directory.CreateDirectory(Path.Join(root, "sub"));
            File.WriteAllText(Path.Join(root, "sub", "first"), "one inode");
            RawFiles.Link(Path.Join(root, "sub", "first"), Path.Join(root, "second"));
        },
        " = second");

    [ContractFact]
    public Task Symbolic_links_keep_their_target_and_owner() => SurvivesAsync(
        root =>
        {
            File.CreateSymbolicLink(Path.Join(root, "dangling"), "/nowhere/at all");
            File.CreateSymbolicLink(Path.Join(root, "up"), "../../..");
            RawFiles.SetOwner(Path.Join(root, "up"), 12, 34);
        },
        "/nowhere/at%20all",
        "12:34");

    [ContractFact]
    public Task Extended_attributes_survive_also_with_zero_bytes_in_them() => SurvivesAsync(
        root =>
        {
            File.WriteAllText(Path.Join(root, "file"), "");
            RawFiles.SetAttribute(Path.Join(root, "file"), "trusted.kleene", [0, 1, 0xFF, 0]);
            Directory.CreateDirectory(Path.Join(root, "directory"));
            RawFiles.SetAttribute(Path.Join(root, "directory"), "trusted.empty", []);
        },
        "trusted.kleene=0001ff00",
        "trusted.empty=");

    [ContractFact]
    public Task File_capabilities_survive() => SurvivesAsync(
        root =>
        {
            File.WriteAllText(Path.Join(root, "ping"), "");

            // struct vfs_cap_data, revision 2: cap_net_raw, permitted and effective.
            RawFiles.SetAttribute(Path.Join(root, "ping"), "security.capability", Convert.FromHexString("0100000200200000000000000000000000000000"));
        },
        "security.capability=01000002002");

    [ContractFact]
    public Task Device_nodes_and_pipes_survive() => SurvivesAsync(
        root =>
        {
            RawFiles.MakeNode(Path.Join(root, "null"), FileKind.CharacterDevice, 0x1B6, 1, 3);
            RawFiles.MakeNode(Path.Join(root, "disk"), FileKind.BlockDevice, 0x1B0, 8, 17);
            RawFiles.MakeNode(Path.Join(root, "pipe"), FileKind.Fifo, 0x180);
        },
        "null char",
        "1:3",
        "disk block",
        "8:17",
        "pipe fifo");

    [ContractFact]
    public Task Modes_and_owners_survive() => SurvivesAsync(
        root =>
        {
            File.WriteAllText(Path.Join(root, "sudo"), "");
            RawFiles.SetOwner(Path.Join(root, "sudo"), 0, 999);
            RawFiles.SetMode(Path.Join(root, "sudo"), 0xDED); // 6755
            File.WriteAllText(Path.Join(root, "none"), "");
            RawFiles.SetMode(Path.Join(root, "none"), 0);
            Directory.CreateDirectory(Path.Join(root, "tmp"));
            RawFiles.SetOwner(Path.Join(root, "tmp"), 2_000_000_000, 7);
            RawFiles.SetMode(Path.Join(root, "tmp"), 0x3FF); // 1777
        },
        "sudo file 6755 0:999",
        "none file 0 ",
        "tmp dir 1777 2000000000:7");

    [ContractFact]
    public Task Times_survive() => SurvivesAsync(
        root =>
        {
            File.WriteAllText(Path.Join(root, "new"), "");
            RawFiles.SetModified(Path.Join(root, "new"), 2_000_000_000, 123_456_789);
            File.WriteAllText(Path.Join(root, "old"), "");
            RawFiles.SetModified(Path.Join(root, "old"), -86_400, 0);
        },
        " 2000000000.", // zfs-fuse keeps whole seconds
        " -86400.000000000");

    [ContractFact]
    public Task Awkward_names_survive() => SurvivesAsync(
        root =>
        {
            RawFiles.MakeFile(root, "with space, \"quotes\" and $dollar"u8, "");
            RawFiles.MakeFile(root, "new\nline\ttab"u8, "");
            RawFiles.MakeFile(root, [0xFF, 0xFE, (byte)'x'], "not UTF-8");
            RawFiles.MakeFile(root, Enumerable.Repeat((byte)'n', 255).ToArray(), "255 bytes");
            RawFiles.MakeFile(root, ".wh.whiteout"u8, "only looks like one");
            RawFiles.MakeFile(root, "zürich"u8, "");
        },
        "$dollar",
        "new%0Aline",
        "%FF%FEx",
        new string('n', 255),
        ".wh.whiteout");

    [ContractFact]
    public Task Empty_directories_survive() => SurvivesAsync(
        root => Directory.CreateDirectory(Path.Join(root, "a", "b", "c")),
        "a/b/c dir");

    [ContractFact]
    public Task The_root_itself_keeps_its_mode_owner_and_time() => SurvivesAsync(
        root =>
        {
            RawFiles.SetOwner(root, 5, 6);
            RawFiles.SetMode(root, 0x1C8); // 710
            RawFiles.SetModified(root, 1_000_000_000, 0);
        },
        ". dir 710 5:6 1000000000.000000000");

    [ContractFact]
    public async Task Attributes_can_be_changed_without_changing_the_parent()
    {
        var parent = await SnapshotAsync(null, root => File.WriteAllText(Path.Join(root, "file"), "content"));
        var before = await TreeAsync(parent);

        var child = await SnapshotAsync(parent, root => RawFiles.SetMode(Path.Join(root, "file"), 0x140));

        Assert.Contains("file file 500 ", await TreeAsync(child), StringComparison.Ordinal);
        Assert.Equal(before, await TreeAsync(parent));
    }

    [ContractFact]
    public async Task A_committed_workspace_can_no_longer_be_attached_or_committed()
    {
        var workspace = await Store.PrepareAsync(SnapshotId.New(), null, WorkspaceUse.BuildStep, Token);
        await workspace.CommitAsync(Token);

        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => Store.AttachAsync(workspace.Id, Token));
        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => Store.CommitAsync(workspace, Token));
    }

    [ContractFact]
    public async Task An_unknown_parent_is_named_and_nothing_is_left()
    {
        var unknown = SnapshotId.New();

        var exception = await Assert.ThrowsAsync<SnapshotNotFoundException>(
            () => Store.PrepareAsync(SnapshotId.New(), unknown, WorkspaceUse.BuildStep, Token));

        Assert.Equal(unknown, exception.Id);
        Assert.Empty(await KeptAsync());
    }

    [ContractFact]
    public async Task A_workspace_cannot_be_a_parent_or_be_opened_before_it_is_committed()
    {
        await using var workspace = await Store.PrepareAsync(SnapshotId.New(), null, WorkspaceUse.BuildStep, Token);

        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => Store.PrepareAsync(SnapshotId.New(), workspace.Id, WorkspaceUse.BuildStep, Token));
        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => Store.OpenAsync(workspace.Id, Token));
    }

    [ContractFact]
    public async Task Disposing_of_an_uncommitted_workspace_leaves_nothing()
    {
        var parent = await SnapshotAsync(null, root => File.WriteAllText(Path.Join(root, "file"), ""));
        var before = await KeptAsync();

        await using (var workspace = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.BuildStep, Token))
        {
            RawFiles.MakeFile(workspace.Path, [0xC3, 0x28], "");
        }

        Assert.Equal(before, await KeptAsync());
        Assert.Empty(StorageScratch.MountsBelow(Root));
    }

    [ContractFact]
    public async Task Nothing_stays_mounted_after_a_commit()
    {
        var parent = await SnapshotAsync(null, _ => { });

        await SnapshotAsync(parent, root => File.WriteAllText(Path.Join(root, "file"), ""));

        Assert.Empty(StorageScratch.MountsBelow(Root));
    }

    [ContractFact]
    public async Task A_kept_workspace_is_attached_again_after_it_was_detached()
    {
        var parent = await SnapshotAsync(null, root => File.WriteAllText(Path.Join(root, "of parent"), ""));
        var id = SnapshotId.New();
        await using (var workspace = await Store.PrepareAsync(id, parent, WorkspaceUse.BuildStep, Token))
        {
            await File.WriteAllTextAsync(Path.Join(workspace.Path, "mine"), "kept", Token);
            workspace.Keep();
        }

        await Store.DetachAsync(id, Token);
        await Store.DetachAsync(id, Token);
        Assert.Empty(StorageScratch.MountsBelow(Root));
        await using var again = await Store.AttachAsync(id, Token);

        Assert.Equal("kept", await File.ReadAllTextAsync(Path.Join(again.Path, "mine"), Token));
        Assert.True(File.Exists(Path.Join(again.Path, "of parent")));
        await File.WriteAllTextAsync(Path.Join(again.Path, "more"), "", Token);
    }

    [ContractFact]
    public async Task Attaching_what_is_attached_disturbs_nobody_in_it()
    {
        var parent = await SnapshotAsync(null, _ => { });
        await using var workspace = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.Container, Token);
        await using var open = File.Create(Path.Join(workspace.Path, "open"));

        var again = await Store.AttachAsync(workspace.Id, Token);
        again.Keep();
        open.Write("still here"u8);
        await open.DisposeAsync();

        Assert.Equal("still here", await File.ReadAllTextAsync(Path.Join(again.Path, "open"), Token));
    }

    [ContractFact]
    public async Task A_workspace_that_was_attached_can_be_committed()
    {
        var parent = await SnapshotAsync(null, root => File.WriteAllText(Path.Join(root, "a"), ""));
        var workspace = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.Container, Token);
        await File.WriteAllTextAsync(Path.Join(workspace.Path, "b"), "", Token);
        await Store.DetachAsync(workspace.Id, Token);

        var again = await Store.AttachAsync(workspace.Id, Token);
        await again.CommitAsync(Token);

        Assert.Equal(["a", "b"], await NamesAsync(workspace.Id));
    }

    [ContractFact]
    public async Task A_workspace_can_show_its_owners_as_a_range_of_ids_and_keeps_them_as_they_are()
    {
        var range = new UserRange(1_879_000_000, 65_536);
        using var users = await UserNamespace.OpenAsync(range, new ProcessRunner(), Token);
        var parent = await SnapshotAsync(null, root =>
        {
            File.WriteAllText(Path.Join(root, "old"), "");
            RawFiles.SetOwner(Path.Join(root, "old"), 33, 34);
        });
        await using var workspace = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.Container, Token);
        if (!Store.MapsOwners)
        {
            await Assert.ThrowsAnyAsync<Exception>(() => Store.AttachAsync(workspace.Id, users, Token));
            return;
        }

        var shown = await Store.AttachAsync(workspace.Id, users, Token);
        shown.Keep();
        using (var tree = RootedDirectory.Open(shown.Path))
        {
            Assert.Equal(new FileOwner(range.First + 33, range.First + 34), tree.Stat("old", followLink: false).Owner);
            // EOVERFLOW: the host's superuser has no id there.
            Assert.Equal(75, Assert.Throws<FileOperationException>(() => tree.CreateDirectory("nobodys", 0x1ed, FileOwner.Root)).ErrorNumber);
            using (ActingUser.Of(range))
            {
                tree.CreateDirectory("made", 0x1ed, new FileOwner(range.First + 5, range.First + 6));
            }

            tree.Remove("old");
        }

        Assert.Equal(["A /made", "D /old"], Lines(await Store.CompareAsync(parent, workspace.Id, range, Token)));
        await Store.DetachAsync(workspace.Id, Token);
        var again = await Store.AttachAsync(workspace.Id, Token);
        again.Keep();
        using (var tree = RootedDirectory.Open(again.Path))
        {
            Assert.Equal(new FileOwner(5, 6), tree.Stat("made", followLink: false).Owner);
            Assert.Null(tree.TryStat("old", followLink: false));
        }

        Assert.Empty(StorageScratch.MountsBelow(Root).Except([again.Path]));
    }

    [ContractFact]
    public async Task An_unknown_workspace_cannot_be_attached()
    {
        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => Store.AttachAsync(SnapshotId.New(), Token));
    }

    [ContractFact]
    public async Task Removing_twice_succeeds()
    {
        var snapshot = await SnapshotAsync(null, root => File.WriteAllText(Path.Join(root, "file"), ""));

        await Store.RemoveAsync(snapshot, Token);
        await Store.RemoveAsync(snapshot, Token);
        await Store.RemoveAsync(SnapshotId.New(), Token);

        Assert.Empty(await KeptAsync());
        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => Store.OpenAsync(snapshot, Token));
    }

    [ContractFact]
    public async Task A_mounted_workspace_can_be_removed()
    {
        var parent = await SnapshotAsync(null, _ => { });
        var workspace = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.Container, Token);
        File.CreateSymbolicLink(Path.Join(workspace.Path, "link"), "/etc");

        await Store.RemoveAsync(workspace.Id, Token);
        await Store.RemoveAsync(parent, Token);

        Assert.Empty(await KeptAsync());
        Assert.True(Directory.Exists("/etc"));
    }

    [ContractFact]
    public async Task A_parent_stays_as_long_as_a_child_needs_it()
    {
        var parent = await SnapshotAsync(null, root => File.WriteAllText(Path.Join(root, "base"), "bytes of the parent"));
        var child = await SnapshotAsync(parent, root => File.WriteAllText(Path.Join(root, "more"), ""));
        var before = await TreeAsync(child);

        if (ChildrenNeedTheirParent)
        {
            await Assert.ThrowsAsync<SnapshotInUseException>(() => Store.RemoveAsync(parent, Token));
        }
        else
        {
            await Store.RemoveAsync(parent, Token);
        }

        Assert.Equal(before, await TreeAsync(child));
        await Store.RemoveAsync(child, Token);
        await Store.RemoveAsync(parent, Token);
        Assert.Empty(await KeptAsync());
    }

    [ContractFact]
    public async Task A_workspace_keeps_its_parent_too()
    {
        var parent = await SnapshotAsync(null, root => File.WriteAllText(Path.Join(root, "base"), ""));
        await using var workspace = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.Container, Token);

        var exception = await Record.ExceptionAsync(() => Store.RemoveAsync(parent, Token));

        Assert.True(exception is SnapshotInUseException || !ChildrenNeedTheirParent);
        Assert.True(File.Exists(Path.Join(workspace.Path, "base")));
    }

    [ContractFact]
    public async Task Several_views_of_a_snapshot_live_side_by_side()
    {
        var parent = await SnapshotAsync(null, root => File.WriteAllText(Path.Join(root, "a"), "1"));
        var child = await SnapshotAsync(parent, root => File.WriteAllText(Path.Join(root, "b"), "2"));

        var first = await Store.OpenAsync(child, Token);
        await using var second = await Store.OpenAsync(child, Token);
        await using var parents = await Store.OpenAsync(parent, Token);
        await first.DisposeAsync();
        await first.DisposeAsync();

        Assert.Equal("1", await File.ReadAllTextAsync(Path.Join(second.Path, "a"), Token));
        Assert.Equal("2", await File.ReadAllTextAsync(Path.Join(second.Path, "b"), Token));
        Assert.Equal("1", await File.ReadAllTextAsync(Path.Join(parents.Path, "a"), Token));
    }

    [ContractFact]
    public async Task A_child_can_be_prepared_while_its_parent_is_read()
    {
        var parent = await SnapshotAsync(await SnapshotAsync(null, _ => { }), root => File.WriteAllText(Path.Join(root, "a"), "1"));

        await using (var view = await Store.OpenAsync(parent, Token))
        {
            await SnapshotAsync(parent, root => File.WriteAllText(Path.Join(root, "a"), "2"));

            Assert.Equal("1", await File.ReadAllTextAsync(Path.Join(view.Path, "a"), Token));
        }

        Assert.Empty(StorageScratch.MountsBelow(Root));
    }

    [ContractFact]
    public async Task A_snapshot_with_more_in_it_measures_more()
    {
        var small = await SnapshotAsync(null, root => File.WriteAllText(Path.Join(root, "file"), "small"));
        var large = await SnapshotAsync(small, root => File.WriteAllBytes(Path.Join(root, "large"), RandomBytes(4 << 20)));

        var (less, more) = (await Store.MeasureAsync(small, Token), await Store.MeasureAsync(large, Token));
        Assert.Equal([more, less], await Store.MeasureAsync([large, small], Token));

        Assert.InRange(less, 0, 1 << 20);
        Assert.InRange(more, 4 << 20, 6 << 20);
    }

    [ContractFact]
    public async Task All_trees_together_take_what_each_has_alone_and_once_what_several_share()
    {
        var before = await Store.MeasureAllAsync(Token);
        var shared = await SnapshotAsync(null, root => File.WriteAllBytes(Path.Join(root, "shared"), RandomBytes(8 << 20)));
        await SnapshotAsync(shared, root => File.WriteAllBytes(Path.Join(root, "own"), RandomBytes(2 << 20)));
        await SnapshotAsync(shared, root => File.WriteAllBytes(Path.Join(root, "own"), RandomBytes(2 << 20)));

        Assert.InRange(await Store.MeasureAllAsync(Token) - before, 12 << 20, SharesFiles ? 14 << 20 : 30 << 20);
    }

    [ContractFact]
    public async Task Trees_are_prepared_and_committed_in_parallel()
    {
        var parent = await SnapshotAsync(null, root => File.WriteAllText(Path.Join(root, "base"), ""));

        var children = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(async () =>
            await SnapshotAsync(parent, root => File.WriteAllText(Path.Join(root, $"of {number}"), "")))));

        foreach (var (child, number) in children.Select((child, number) => (child, number)))
        {
            Assert.Equal(["base", $"of%20{number}"], await NamesAsync(child));
        }

        await Task.WhenAll(children.Select(child => Store.RemoveAsync(child, Token)));
        await Store.RemoveAsync(parent, Token);
        Assert.Empty(await KeptAsync());
    }

    [ContractFact]
    public async Task A_chain_of_many_steps_shows_the_work_of_each()
    {
        SnapshotId? last = null;
        for (var step = 0; step < ChainLength; step++)
        {
            var number = step;
            last = await SnapshotAsync(last, root =>
            {
                File.WriteAllText(Path.Join(root, $"step {number:D3}"), "");
                File.WriteAllText(Path.Join(root, "last"), number.ToString(System.Globalization.CultureInfo.InvariantCulture));
                File.Delete(Path.Join(root, $"step {number - 2:D3}"));
            });
        }

        await using var view = await Store.OpenAsync(last!.Value, Token); // The loop ran.

        Assert.Equal($"{ChainLength - 1}", await File.ReadAllTextAsync(Path.Join(view.Path, "last"), Token));
        Assert.Equal(["last", $"step%20{ChainLength - 2:D3}", $"step%20{ChainLength - 1:D3}"], Names(view.Path));
    }

    [ContractFact]
    public async Task A_comparison_tells_what_was_added_changed_and_deleted_and_the_directories_on_the_way()
    {
        var parent = await SnapshotAsync(null, PlantComparedTree);
        await using var workspace = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.Container, Token);
        ChangeComparedTree(workspace.Path);

        var changes = await Store.CompareAsync(parent, workspace.Id, shown: null, Token);

        Assert.Equal(ComparedTreeChanges, Lines(changes));
        await workspace.CommitAsync(Token);
        Assert.Equal(ComparedTreeChanges, Lines(await Store.CompareAsync(parent, workspace.Id, shown: null, Token)));
    }

    [ContractFact]
    public async Task A_clone_that_nobody_touched_has_no_changes()
    {
        var parent = await SnapshotAsync(null, PlantComparedTree);
        await using var workspace = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.Container, Token);
        var grandchild = await SnapshotAsync(await SnapshotAsync(parent, _ => { }), _ => { });

        Assert.Empty(await Store.CompareAsync(parent, workspace.Id, shown: null, Token));
        Assert.Empty(await Store.CompareAsync(parent, grandchild, shown: null, Token));
    }

    [ContractFact]
    public async Task Touching_without_changing_is_no_change()
    {
        var parent = await SnapshotAsync(null, PlantComparedTree);
        await using var workspace = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.Container, Token);

        RawFiles.SetMode(Path.Join(workspace.Path, "etc/same"), 0x100);
        RawFiles.SetMode(Path.Join(workspace.Path, "etc/same"), 0x1A4);
        RawFiles.SetModified(Path.Join(workspace.Path, "etc/same"), 1_000_000_000, 0);
        Directory.CreateDirectory(Path.Join(workspace.Path, "usr/passing"));
        Directory.Delete(Path.Join(workspace.Path, "usr/passing"));

        Assert.Empty(await Store.CompareAsync(parent, workspace.Id, shown: null, Token));
    }

    [ContractFact]
    public async Task Content_that_was_changed_behind_the_old_time_and_size_is_found()
    {
        var parent = await SnapshotAsync(null, PlantComparedTree);
        await using var workspace = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.Container, Token);
        var file = Path.Join(workspace.Path, "etc/same");

        // Where times are whole seconds (zfs-fuse), a change is told from what was there in the second before.
        using var root = RootedDirectory.Open(workspace.Path);
        var before = root.Stat("etc/same", followLink: false).Changed;
        do
        {
            await File.WriteAllTextAsync(file, "SAME", Token);
            RawFiles.SetModified(file, 1_000_000_000, 0);
        }
        while (root.Stat("etc/same", followLink: false).Changed == before);

        Assert.Equal(["C /etc", "C /etc/same"], Lines(await Store.CompareAsync(parent, workspace.Id, shown: null, Token)));
    }

    [ContractFact]
    public async Task Two_snapshots_are_compared_whether_one_stands_on_the_other_or_not()
    {
        var first = await SnapshotAsync(null, PlantComparedTree);
        var second = await SnapshotAsync(await SnapshotAsync(first, root => File.Delete(Path.Join(root, "etc/gone"))), root => File.WriteAllText(Path.Join(root, "srv"), ""));
        var other = await SnapshotAsync(null, root =>
        {
            PlantComparedTree(root);
            File.WriteAllText(Path.Join(root, "etc/more"), "");
        });

        Assert.Equal(["C /etc", "D /etc/gone", "A /srv"], Lines(await Store.CompareAsync(first, second, shown: null, Token)));
        Assert.Equal(["C /etc", "A /etc/gone", "D /srv"], Lines(await Store.CompareAsync(second, first, shown: null, Token)));
        Assert.Equal(["C /etc", "A /etc/more"], Lines(await Store.CompareAsync(first, other, shown: null, Token)));
    }

    [ContractFact]
    public async Task Only_what_exists_is_compared()
    {
        var parent = await SnapshotAsync(null, _ => { });
        await using var workspace = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.Container, Token);

        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => Store.CompareAsync(SnapshotId.New(), parent, shown: null, Token));
        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => Store.CompareAsync(parent, SnapshotId.New(), shown: null, Token));
        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => Store.CompareAsync(workspace.Id, parent, shown: null, Token));
    }

    [ContractFact]
    public async Task A_copy_of_a_workspace_is_a_snapshot_and_the_workspace_goes_on()
    {
        var parent = await SnapshotAsync(null, PlantComparedTree);
        var copy = SnapshotId.New();
        await using var workspace = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.Container, Token);
        ChangeComparedTree(workspace.Path);
        RawFiles.Link(Path.Join(workspace.Path, "etc/same"), Path.Join(workspace.Path, "linked too"));
        Directory.Delete(Path.Join(workspace.Path, "usr/empty"));
        var tree = TreeText.Of(workspace.Path);

        await Store.CopyAsync(workspace.Id, parent, copy, Token);
        await File.WriteAllTextAsync(Path.Join(workspace.Path, "later"), "", Token);

        Assert.Equal(tree, await TreeAsync(copy));
        Assert.Contains(" = etc/same", tree, StringComparison.Ordinal);
        Assert.Equal(["A /later"], Lines(await Store.CompareAsync(copy, workspace.Id, shown: null, Token)));
        Assert.Contains("A /opaque/new", Lines(await Store.CompareAsync(parent, copy, shown: null, Token)));
        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => Store.AttachAsync(copy, Token));
        var child = await SnapshotAsync(copy, root => File.WriteAllText(Path.Join(root, "of the child"), ""));
        await workspace.DisposeAsync();
        Assert.Equal(["A /of the child"], Lines(await Store.CompareAsync(copy, child, shown: null, Token)));
        await Store.RemoveAsync(child, Token);
        await Store.RemoveAsync(copy, Token);
        await Store.RemoveAsync(parent, Token);
        Assert.Empty(await KeptAsync());
    }

    [ContractFact]
    public async Task A_workspace_that_is_detached_or_stands_on_nothing_can_be_copied_and_nothing_else_can()
    {
        var parent = await SnapshotAsync(null, PlantComparedTree);
        var (detached, bare) = (SnapshotId.New(), SnapshotId.New());
        var workspace = await Store.PrepareAsync(detached, parent, WorkspaceUse.Container, Token);
        await File.WriteAllTextAsync(Path.Join(workspace.Path, "mine"), "", Token);
        workspace.Keep();
        await Store.DetachAsync(detached, Token);
        await using var empty = await Store.PrepareAsync(bare, null, WorkspaceUse.Container, Token);
        await File.WriteAllTextAsync(Path.Join(empty.Path, "only"), "", Token);
        var (first, second) = (SnapshotId.New(), SnapshotId.New());

        await Store.CopyAsync(detached, parent, first, Token);
        await Store.CopyAsync(bare, null, second, Token);

        Assert.Contains("mine", await NamesAsync(first));
        Assert.Equal(["only"], await NamesAsync(second));
        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => Store.CopyAsync(SnapshotId.New(), parent, SnapshotId.New(), Token));
        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => Store.CopyAsync(parent, null, SnapshotId.New(), Token));
        await Store.RemoveAsync(detached, Token);
    }

    /// <summary>Times are set: a driver may keep whole seconds only.</summary>
    private static void PlantComparedTree(string root)
    {
        foreach (var directory in (string[])["etc/deep/er", "usr/empty", "var/replaced/below", "opaque/old"])
        {
            Directory.CreateDirectory(Path.Join(root, directory));
        }

        foreach (var file in (string[])["etc/same", "etc/written", "etc/gone", "etc/mode", "etc/owner", "etc/deep/er/leaf", "usr/becomes", "var/replaced/below/x", "opaque/old/x", "opaque/y", "linked"])
        {
            File.WriteAllText(Path.Join(root, file), "same");
            RawFiles.SetMode(Path.Join(root, file), 0x1A4);
            RawFiles.SetModified(Path.Join(root, file), 1_000_000_000, 0);
        }

        File.CreateSymbolicLink(Path.Join(root, "etc/link"), "here");
        RawFiles.SetModified(Path.Join(root, "etc/link"), 1_000_000_000, 0);
        RawFiles.MakeNode(Path.Join(root, "etc/null"), FileKind.CharacterDevice, 0x1B6, 1, 3);
        RawFiles.SetModified(Path.Join(root, "etc/null"), 1_000_000_000, 0);
    }

    private static void ChangeComparedTree(string root)
    {
        File.AppendAllText(Path.Join(root, "etc/written"), "more");
        File.Delete(Path.Join(root, "etc/gone"));
        RawFiles.SetMode(Path.Join(root, "etc/mode"), 0x180);
        RawFiles.SetOwner(Path.Join(root, "etc/owner"), 12, 34);
        RawFiles.SetModified(Path.Join(root, "etc/deep/er/leaf"), 1_100_000_000, 0);
        File.Delete(Path.Join(root, "usr/becomes"));
        Directory.CreateDirectory(Path.Join(root, "usr/becomes/now"));
        Directory.Delete(Path.Join(root, "var/replaced"), recursive: true);
        File.WriteAllText(Path.Join(root, "var/replaced"), "a file");
        Directory.Delete(Path.Join(root, "opaque"), recursive: true);
        Directory.CreateDirectory(Path.Join(root, "opaque/new"));
        File.Delete(Path.Join(root, "etc/link"));
        File.CreateSymbolicLink(Path.Join(root, "etc/link"), "else");
        RawFiles.SetModified(Path.Join(root, "etc/link"), 1_000_000_000, 0);
        RawFiles.MakeFile(root, [0xFF, (byte)'\n', (byte)'x'], "a name that is no text");
        Directory.CreateDirectory(Path.Join(root, "usr/added/below"));
    }

    private static readonly string[] ComparedTreeChanges =
    [
        "C /etc", "C /etc/deep", "C /etc/deep/er", "C /etc/deep/er/leaf", "D /etc/gone", "C /etc/link", "C /etc/mode", "C /etc/owner", "C /etc/written",
        "C /opaque", "A /opaque/new", "D /opaque/old", "D /opaque/y",
        "C /usr", "A /usr/added", "A /usr/added/below", "C /usr/becomes", "A /usr/becomes/now",
        "C /var", "C /var/replaced",
        "A /\\xff\\nx",
    ];

    private static IEnumerable<string> Lines(IEnumerable<TreeChange> changes) => changes.Select(change => $"{change.Letter} {change.Path.ToDisplay()}");

    /// <summary>Shorter only where each step costs processes.</summary>
    protected virtual int ChainLength => 200;

    /// <summary>A snapshot made by one change.</summary>
    protected async Task<SnapshotId> SnapshotAsync(SnapshotId? parent, Action<string> change)
    {
        await using var workspace = await Store.PrepareAsync(SnapshotId.New(), parent, WorkspaceUse.BuildStep, Token);
        change(workspace.Path);
        await workspace.CommitAsync(Token);
        return workspace.Id;
    }

    protected async Task<string> TreeAsync(SnapshotId id)
    {
        await using var view = await Store.OpenAsync(id, Token);
        return TreeText.Of(view.Path);
    }

    protected async Task<IReadOnlyList<string>> NamesAsync(SnapshotId id)
    {
        await using var view = await Store.OpenAsync(id, Token);
        return Names(view.Path);
    }

    /// <summary>What is planted in a workspace is there, the same to the last attribute, in its snapshot, in a clone of it and in a clone that changed something else.</summary>
    private async Task SurvivesAsync(Action<string> plant, params string[] expected)
    {
        var planted = "";
        var snapshot = await SnapshotAsync(null, root =>
        {
            plant(root);
            planted = TreeText.Of(root);
        });
        var grandchild = await SnapshotAsync(await SnapshotAsync(snapshot, _ => { }), _ => { });
        await using var clone = await Store.PrepareAsync(SnapshotId.New(), snapshot, WorkspaceUse.BuildStep, Token);

        Assert.All(expected, text => Assert.Contains(text, planted, StringComparison.Ordinal));
        Assert.Equal(planted, await TreeAsync(snapshot));
        Assert.Equal(planted, TreeText.Of(clone.Path));
        Assert.Equal(planted, await TreeAsync(grandchild));
    }

    private static IReadOnlyList<string> Names(string path) => [.. TreeText.Of(path).Split('\n').Skip(1).Select(line => line.Split(' ')[0])];

    private static byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
