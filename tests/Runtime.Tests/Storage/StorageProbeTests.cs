using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Storage.Overlay;
using Kleene.Build.Runtime.Storage.Zfs;
using Kleene.Build.Runtime.Tests.Storage.Btrfs;
using Kleene.Build.Runtime.Tests.Storage.Zfs;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Processes;
using Kleene.Build.Testing.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Storage;

public sealed class StorageProbeTests : IAsyncLifetime
{
    private readonly StorageScratch scratch = new("probe");
    private readonly RecordedZfs processes = new() { Output = "filesystem\n" };

    private static CancellationToken Token => CancellationToken.None;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        scratch.Remove();
        return Task.CompletedTask;
    }

    [OverlayFact]
    public async Task Overlay_is_taken_where_nothing_better_is_and_no_process_runs()
    {
        var root = Path.Join(scratch.Path, "new", "state");

        var choice = await ChooseAsync("auto", root);

        Assert.IsType<OverlaySnapshotStore>(choice.Store);
        Assert.Matches($"^overlay: '{root}' lies on [a-z0-9]+$", choice.Reason);
        Assert.Empty(processes.Commands);
    }

    [OverlayFact]
    public async Task Btrfs_that_was_asked_for_needs_btrfs()
    {
        var exception = await Assert.ThrowsAsync<StorageUnavailableException>(() => ChooseAsync("btrfs", scratch.Path));

        Assert.Equal("btrfs", exception.Driver);
        Assert.Matches($"^storage driver 'btrfs' cannot be used: '{scratch.Path}' lies on [a-z0-9]+; move it with --root to a btrfs file system$", exception.Message);
    }

    [RootFact]
    public async Task Zfs_that_was_asked_for_by_its_name_needs_a_dataset_below_the_root()
    {
        var exception = await Assert.ThrowsAsync<StorageUnavailableException>(() => ChooseAsync("zfs", scratch.Path));

        Assert.Contains("does not lie on ZFS; name a dataset as in --storage zfs:POOL/DATASET", exception.Message, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task A_dataset_that_was_named_is_looked_up_once()
    {
        StorageScratch.Share(scratch.Path);

        var first = await ChooseAsync("zfs:tank/kleene", scratch.Path);
        await ChooseAsync("zfs:tank/kleene", scratch.Path);

        Assert.Equal("zfs: dataset 'tank/kleene' is configured", first.Reason);
        Assert.Equal(["zfs get -H -o value type tank/kleene"], processes.Commands);
    }

    [RootFact]
    public async Task A_dataset_that_was_made_once_is_taken_from_then_on()
    {
        StorageScratch.Share(scratch.Path);
        var runner = new RecordingProcessRunner()
            .Reply("get", exitCode: 1, error: "cannot open 'tank/kleene': dataset does not exist\n")
            .Reply("get", output: "filesystem\n")
            .Reply("get", output: "filesystem\n");
        var probe = new StorageProbe(runner, isFreeBsd: false);

        // Which a command made that opened the store before.
        Directory.CreateDirectory(Path.Join(scratch.Path, "overlay"));

        var made = await probe.InitializeAsync(DatasetName.Parse("tank/kleene"), scratch.Path, Token);
        await probe.InitializeAsync(DatasetName.Parse("tank/kleene"), scratch.Path, Token);
        var later = await probe.ChooseAsync(StorageRequest.Auto, scratch.Path, Token);
        var other = await Assert.ThrowsAsync<StorageUnavailableException>(() => probe.InitializeAsync(DatasetName.Parse("tank/other"), scratch.Path, Token));

        Assert.Equal("zfs: dataset 'tank/kleene' is configured", made.Reason);
        Assert.Equal($"zfs: '{scratch.Path}' has its trees in the dataset 'tank/kleene'", later.Reason);
        Assert.Equal("zfs get -H -o value type tank/kleene\nzfs create -p tank/kleene\nzfs get -H -o value type tank/kleene\nzfs get -H -o value type tank/kleene\n", runner.Transcript);
        Assert.EndsWith($"'{scratch.Path}' has its trees in 'tank/kleene' already; choose another state directory with --root for 'tank/other'", other.Message, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task A_dataset_of_a_pool_that_there_is_not_cannot_be_made()
    {
        var runner = new RecordingProcessRunner()
            .Reply("get", exitCode: 1, error: "cannot open 'nosuchpool/x': dataset does not exist\n")
            .Reply("create", exitCode: 1, error: "cannot create 'nosuchpool/x': no such pool 'nosuchpool'\n");

        var said = await Assert.ThrowsAsync<StorageUnavailableException>(() => new StorageProbe(runner, isFreeBsd: true).InitializeAsync(DatasetName.Parse("nosuchpool/x"), scratch.Path, Token));

        Assert.EndsWith("there is no pool 'nosuchpool'; 'zpool list' shows those that there are", said.Message, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task Trees_of_another_driver_are_neither_forgotten_nor_mixed()
    {
        Directory.CreateDirectory(Path.Join(scratch.Path, "overlay", "abcdef012345"));
        await File.WriteAllTextAsync(Path.Join(scratch.Path, "zfs.dataset"), "tank/kleene");

        var said = await Assert.ThrowsAsync<StorageUnavailableException>(() => new StorageProbe(processes, isFreeBsd: false).InitializeAsync(DatasetName.Parse("tank/kleene"), scratch.Path, Token));
        var driver = await Record.ExceptionAsync(async () => Assert.NotEqual("zfs", (await ChooseAsync("auto", scratch.Path)).Store.Driver));

        Assert.EndsWith("has trees of the driver overlay, which would be lost to it; choose another state directory with --root", said.Message, StringComparison.Ordinal);
        Assert.True(driver is null or StorageUnavailableException { Driver: "overlay" }, driver?.ToString());
        Assert.Empty(processes.Commands);
    }

    [RootFact]
    public async Task A_dataset_that_is_not_there_is_named()
    {
        processes.Failing("zfs get", "cannot open 'tank/kleene': dataset does not exist\n");

        var exception = await Assert.ThrowsAsync<StorageUnavailableException>(() => ChooseAsync("zfs:tank/kleene", scratch.Path));

        Assert.Equal("storage driver 'zfs' cannot be used: there is no dataset 'tank/kleene'; make it with 'zfs create tank/kleene'", exception.Message);
    }

    [RootFact]
    public async Task A_dataset_that_is_a_volume_is_refused()
    {
        var probe = new StorageProbe(new RecordedZfs { Output = "volume\n" }, isFreeBsd: false);

        var exception = await Assert.ThrowsAsync<StorageUnavailableException>(() => probe.ChooseAsync(StorageRequest.Parse("zfs:tank/disk"), scratch.Path, Token));

        Assert.EndsWith("'tank/disk' is a volume, not a file system", exception.Message, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task A_zfs_that_does_not_answer_is_quoted()
    {
        processes.Failing("zfs get", "connect: Connection refused\nPlease make sure that the zfs-fuse daemon is running.\n");

        var exception = await Assert.ThrowsAsync<StorageUnavailableException>(() => ChooseAsync("zfs:tank/kleene", scratch.Path));

        Assert.EndsWith("'zfs get' says: Please make sure that the zfs-fuse daemon is running.", exception.Message, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task A_machine_without_the_zfs_program_is_told_so()
    {
        var probe = new StorageProbe(new RecordedZfs { IsInstalled = false }, isFreeBsd: false);

        var exception = await Assert.ThrowsAsync<StorageUnavailableException>(() => probe.ChooseAsync(StorageRequest.Parse("zfs:tank/kleene"), scratch.Path, Token));

        Assert.Contains("the program 'zfs' is not installed", exception.Message, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task A_root_that_cannot_be_written_to_is_named()
    {
        var exception = await Assert.ThrowsAsync<StorageUnavailableException>(() => ChooseAsync("overlay", "/proc/kleene"));

        Assert.StartsWith("storage driver 'overlay' cannot be used: '/proc/kleene' cannot be made: ", exception.Message, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task A_read_only_root_is_named()
    {
        StorageScratch.MountReadOnly(scratch.Path);

        var exception = await Assert.ThrowsAsync<StorageUnavailableException>(() => ChooseAsync("auto", scratch.Path));

        StorageScratch.Unmount(scratch.Path);
        Assert.Equal($"storage driver 'auto' cannot be used: '{scratch.Path}' is on a read-only file system; choose another with --root", exception.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("btrfs:x")]
    [InlineData("ZFS")]
    [InlineData("zfs:")]
    [InlineData("zfs:/tank")]
    [InlineData("zfs:tank/a@b")]
    public void An_unknown_request_is_refused(string text)
    {
        Assert.Throws<KleeneException>(() => StorageRequest.Parse(text));
    }

    [Theory]
    [InlineData("/", "ext4")]
    [InlineData("/var/lib/kleene", "fuse.zfs")]
    [InlineData("/var/lib/kleene/deep/er", "fuse.zfs")]
    [InlineData("/var/lib/kleenex", "ext4")]
    [InlineData("/with space/x", "btrfs")]
    [InlineData("/twice", "tmpfs")]
    public void The_mount_that_a_path_lies_on_is_found(string path, string type)
    {
        string[] table =
        [
            "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
            "28 27 0:30 / /var/lib/kleene rw,relatime shared:7 master:1 - fuse.zfs tank/kleene rw",
            "29 27 0:31 /sub /with\\040space rw - btrfs /dev/vdb rw",
            "30 27 0:32 / /twice rw - xfs /dev/vdc rw",
            "31 30 0:33 / /twice rw - tmpfs tmpfs rw",
            "a line that is none",
        ];

        Assert.Equal(type, MountEntry.Containing(path, table)?.Type);
    }

    private Task<StorageChoice> ChooseAsync(string request, string root) =>
        new StorageProbe(processes, isFreeBsd: false).ChooseAsync(StorageRequest.Parse(request), root, Token);
}

/// <summary>The choice where the root lies on btrfs.</summary>
[Collection(BtrfsTests.Name)]
public sealed class StorageProbeOnBtrfsTests(BtrfsFileSystem fileSystem)
{
    [BtrfsFact]
    public async Task Btrfs_is_taken_where_the_root_lies_on_it()
    {
        var root = fileSystem.NewDirectory();
        var processes = new RecordedZfs();

        var choice = await new StorageProbe(processes, isFreeBsd: false).ChooseAsync(StorageRequest.Auto, root, CancellationToken.None);

        Assert.Equal($"btrfs: '{root}' lies on btrfs", choice.Reason);
        Assert.Equal("btrfs", choice.Store.Driver);
        Assert.Empty(processes.Commands);
    }
}

/// <summary>The choice where the root lies on ZFS.</summary>
[Collection(ZfsTests.Name)]
public sealed class StorageProbeOnZfsTests(ZfsPool pool)
{
    [ZfsFact]
    public async Task Zfs_is_taken_where_the_root_lies_on_it_and_gets_a_dataset_of_its_own()
    {
        var (dataset, root) = await pool.NewDatasetAsync();
        var probe = new StorageProbe(pool.Runner, isFreeBsd: false);

        var choice = await probe.ChooseAsync(StorageRequest.Auto, root, CancellationToken.None);
        await using var workspace = await choice.Store.PrepareAsync(SnapshotId.New(), null, WorkspaceUse.BuildStep, CancellationToken.None);

        Assert.Equal($"zfs: '{root}' has its trees in the dataset '{dataset}/kleene'", choice.Reason);
        Assert.Contains($"{dataset}/kleene/{workspace.Id}", await pool.ChildrenAsync(dataset));
        Assert.Equal(choice.Reason, (await probe.ChooseAsync(StorageRequest.Auto, root, CancellationToken.None)).Reason);
    }

    [ZfsFact]
    public async Task Overlay_on_zfs_fuse_is_refused()
    {
        var (_, root) = await pool.NewDatasetAsync();

        var exception = await Assert.ThrowsAsync<StorageUnavailableException>(
            () => new StorageProbe(new ProcessRunner(), isFreeBsd: false).ChooseAsync(StorageRequest.Parse("overlay"), root, CancellationToken.None));

        Assert.Contains("overlayfs cannot write on", exception.Message, StringComparison.Ordinal);
    }

    [ZfsFact]
    public async Task A_zfs_that_does_not_tell_its_version_is_described_all_the_same()
    {
        var (dataset, root) = await pool.NewDatasetAsync();
        var store = new Kleene.Build.Runtime.Storage.Zfs.ZfsSnapshotStore(pool.Runner, dataset, root);

        Assert.Equal("a ZFS without 'zfs version', such as zfs-fuse", await store.DescribeAsync(CancellationToken.None));
    }
}
