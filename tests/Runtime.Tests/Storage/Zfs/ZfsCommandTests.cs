using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Storage.Zfs;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Storage.Zfs;

/// <summary>What the driver types, and what it makes of the answers of a ZFS that is not on this machine.</summary>
public sealed class ZfsCommandTests : IAsyncLifetime
{
    private static readonly SnapshotId Parent = SnapshotId.Parse("00000000000a");
    private static readonly SnapshotId Child = SnapshotId.Parse("00000000000b");

    private readonly StorageScratch scratch = new("zfscommands");

    private static CancellationToken Token => CancellationToken.None;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        scratch.Remove();
        return Task.CompletedTask;
    }

    [RootFact]
    public async Task A_step_is_clone_mount_unmount_snapshot()
    {
        var zfs = new RecordedZfs();
        var store = Store(zfs);

        await using var workspace = await store.PrepareAsync(Child, Parent, WorkspaceUse.BuildStep, Token);
        await workspace.CommitAsync(Token);

        Assert.Equal(
            [
                $"zfs clone -o canmount=noauto -o mountpoint={scratch.Path}/00000000000b zroot/kleene/00000000000a@kleene zroot/kleene/00000000000b",
                "zfs mount zroot/kleene/00000000000b",
                "zfs unmount zroot/kleene/00000000000b",
                "zfs snapshot zroot/kleene/00000000000b@kleene",
            ],
            zfs.Commands);
    }

    [RootFact]
    public async Task Many_trees_are_measured_by_one_command()
    {
        var zfs = new RecordedZfs { Output = "zroot/kleene\t90112\nzroot/kleene/00000000000a\t24576\nzroot/kleene/00000000000a@kleene\t0\nzroot/kleene/00000000000b\t65536\n" };

        var bytes = await Store(zfs).MeasureAsync([Child, Parent], Token);

        Assert.Equal([65536, 24576], bytes);
        Assert.Equal(["zfs get -Hp -r -o name,value used zroot/kleene"], zfs.Commands);
    }

    [RootFact]
    public async Task A_busy_destroy_is_tried_again()
    {
        var zfs = new RecordedZfs().Failing(
            "zfs destroy",
            "cannot destroy 'zroot/kleene/00000000000b': dataset is busy\n",
            "cannot destroy 'zroot/kleene/00000000000b': pool or dataset is busy\n");

        await Store(zfs).RemoveAsync(Child, Token);

        Assert.Equal(3, zfs.Commands.Count);
        Assert.All(zfs.Commands, command => Assert.Equal("zfs destroy -r zroot/kleene/00000000000b", command));
    }

    [RootFact]
    public async Task A_failure_that_nobody_knows_is_shown_as_it_is()
    {
        var zfs = new RecordedZfs().Failing("zfs destroy", "internal error: Value too large\n");

        var exception = await Assert.ThrowsAsync<ProcessFailedException>(() => Store(zfs).RemoveAsync(Child, Token));

        Assert.Equal("'zfs destroy -r zroot/kleene/00000000000b' failed with exit code 1: internal error: Value too large", exception.Message);
    }

    [RootFact]
    public async Task A_full_pool_is_named()
    {
        var zfs = new RecordedZfs().Failing("zfs snapshot", "cannot create snapshot 'zroot/kleene/00000000000b@kleene': out of space\n");
        var store = Store(zfs);
        await using var workspace = await store.PrepareAsync(Child, Parent, WorkspaceUse.BuildStep, Token);

        var exception = await Assert.ThrowsAsync<KleeneException>(() => workspace.CommitAsync(Token));

        Assert.Equal("cannot snapshot 'zroot/kleene/00000000000b': the pool is out of space", exception.Message);
    }

    [RootFact]
    public async Task A_dataset_of_another_pool_cannot_be_cloned()
    {
        var zfs = new RecordedZfs();

        var exception = await Assert.ThrowsAsync<KleeneException>(() => Store(zfs).CloneDatasetAsync(DatasetName.Parse("tank/jails"), Child, Token));

        Assert.Equal("cannot clone 'tank/jails': it is not in pool 'zroot'; copy it instead", exception.Message);
        Assert.Empty(zfs.Commands);
    }

    [Theory]
    [InlineData("cannot open 'p/a': dataset does not exist", "Missing")]
    [InlineData("cannot open 'p/a@kleene': dataset does not exist", "Missing")]
    [InlineData("cannot open 'p/other': dataset does not exist", "Unknown")]
    [InlineData("cannot open 'p/ab': dataset does not exist", "Unknown")]
    [InlineData("cannot destroy 'p/a': dataset is busy", "Busy")]
    [InlineData("cannot unmount '/mnt/a': Device busy", "Busy")]
    [InlineData("umount: /mnt/a: target is busy.\ncannot unmount '/mnt/a': umount failed: umount child process failed", "Busy")]
    [InlineData("cannot destroy 'p/a': filesystem has dependent clones\nuse '-R' to destroy the following datasets:\np/b", "HasClones")]
    [InlineData("cannot mount 'p/a': filesystem already mounted", "AlreadyMounted")]
    [InlineData("cannot unmount 'p/a': not currently mounted", "NotMounted")]
    [InlineData("cannot create snapshot 'p/a@kleene': dataset already exists", "Exists")]
    [InlineData("connect: Connection refused", "Unknown")]
    [InlineData("", "Unknown")]
    public void A_message_is_understood_when_it_is_about_our_dataset(string message, string meaning)
    {
        Assert.Equal(meaning, ZfsErrors.Read(message, "p/a", "/mnt/a").ToString());
    }

    [Theory]
    [InlineData("zroot")]
    [InlineData("zroot/kleene")]
    [InlineData("zroot/kl ee-ne_0.1:x/deep@snap-1")]
    public void A_dataset_name_is_accepted(string name)
    {
        Assert.Equal(name, DatasetName.Parse(name).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/zroot/kleene")]
    [InlineData("zroot/")]
    [InlineData("zroot//kleene")]
    [InlineData("-r")]
    [InlineData("zroot/-r")]
    [InlineData("zroot/..")]
    [InlineData("zroot@a@b")]
    [InlineData("zroot/a;b")]
    [InlineData("zroot/a\nb")]
    [InlineData("zroot/$(a)")]
    public void A_dataset_name_is_refused(string name)
    {
        Assert.Throws<KleeneException>(() => DatasetName.Parse(name));
    }

    private ZfsSnapshotStore Store(RecordedZfs zfs)
    {
        StorageScratch.Share(scratch.Path);
        return new ZfsSnapshotStore(zfs, DatasetName.Parse("zroot/kleene"), scratch.Path);
    }
}
