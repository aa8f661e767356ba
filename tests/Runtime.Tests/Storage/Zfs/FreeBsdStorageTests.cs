using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Storage.Zfs;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Processes;

namespace Kleene.Build.Runtime.Tests.Storage.Zfs;

/// <summary>What the storage room does on FreeBSD, by what its zfs(8) was seen to say.</summary>
public sealed class FreeBsdStorageTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly RecordingProcessRunner runner = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task Trees_are_kept_below_the_dataset_that_the_state_lies_on()
    {
        runner.Reply("list", output: "tank/var\n")
            .Reply("type", exitCode: 1, error: "cannot open 'tank/var/kleene': dataset does not exist\n");

        var choice = await ChooseAsync("auto");

        Assert.Equal(ZfsSnapshotStore.DriverName, choice.Store.Driver);
        Assert.Equal(
            $"""
            /sbin/zfs list -H -o name '{scratch.Path}'
            /sbin/zfs get -H -o value type tank/var/kleene
            /sbin/zfs create -o 'mountpoint={scratch.Path}/zfs' tank/var/kleene

            """,
            runner.Transcript);
    }

    [Fact]
    public async Task A_state_directory_that_does_not_lie_on_zfs_needs_a_dataset_to_be_named()
    {
        runner.Reply("list", exitCode: 1, error: $"cannot open '{scratch.Path}': dataset does not exist\n");

        var failure = await Assert.ThrowsAsync<StorageUnavailableException>(() => ChooseAsync("auto"));

        Assert.Contains("--storage zfs:POOL/DATASET", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("btrfs")]
    [InlineData("overlay")]
    public async Task What_is_linux_s_is_refused(string driver) =>
        Assert.Contains("it is Linux's", (await Assert.ThrowsAsync<StorageUnavailableException>(() => ChooseAsync(driver))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("cannot unmount '/tank/kleene/container/c1': pool or dataset is busy", ZfsFailure.Busy)]
    [InlineData("cannot destroy 'tank/kleene/image/base': filesystem has dependent clones\nuse '-R' to destroy the following datasets:\ntank/kleene/container/c1", ZfsFailure.HasClones)]
    [InlineData("cannot mount 'tank/kleene/container/c1': filesystem already mounted", ZfsFailure.AlreadyMounted)]
    [InlineData("cannot unmount 'tank/kleene/container/c1': not currently mounted", ZfsFailure.NotMounted)]
    [InlineData("cannot open 'tank/kleene/container/c1': dataset does not exist", ZfsFailure.Missing)]
    [InlineData("cannot open 'tank/kleene/image/base@nosuch': dataset does not exist", ZfsFailure.Missing)]
    [InlineData("cannot create 'tank/kleene/container/c1': dataset already exists", ZfsFailure.Exists)]
    [InlineData("cannot create snapshot 'tank/kleene/container/c1@s1': dataset already exists", ZfsFailure.Exists)]
    [InlineData("cannot create 'tank/kleene/container/zfull': out of space", ZfsFailure.NoSpace)]
    public void Its_messages_are_understood(string error, object meaning) =>
        Assert.Equal(
            (ZfsFailure)meaning,
            ZfsErrors.Read(error, "tank/kleene/container/c1", "/tank/kleene/container/c1", "tank/kleene/image/base", "tank/kleene/image/base@nosuch", "tank/kleene/container/zfull"));

    private Task<StorageChoice> ChooseAsync(string request) =>
        new StorageProbe(runner, isFreeBsd: true).ChooseAsync(StorageRequest.Parse(request), scratch.Path, CancellationToken.None);
}
