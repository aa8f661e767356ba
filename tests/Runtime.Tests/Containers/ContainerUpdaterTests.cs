using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Containers;

public sealed class ContainerUpdaterTests : IDisposable
{
    private readonly ScratchDirectory folder = new();
    private readonly PlayedJails jails = new();
    private readonly Database database;
    private readonly ContainerStore containers;
    private readonly ContainerUpdater updater;

    public ContainerUpdaterTests()
    {
        database = Database.Open(StateDirectory.Open(folder["state"]));
        containers = new ContainerStore(database);
        updater = new ContainerUpdater(containers, jails);
        database.Execute("INSERT INTO snapshots (id, created) VALUES ('ba9876543210', 0)");
        database.Execute("INSERT INTO images (id, snapshot, key, config, created) VALUES ('image', 'ba9876543210', '', '{}', 0)");
        containers.Add(new Container
        {
            Id = SnapshotId.Parse("0123456789ab"),
            Name = "web",
            ImageId = "image",
            Snapshot = SnapshotId.Parse("ba9876543210"),
            Spec = new ContainerSpec { Argv = ["old"], User = "u", Environment = ["A=1"] },
            State = ContainerState.Created,
            Created = DateTimeOffset.UnixEpoch,
        });
    }

    [RootFact]
    public async Task A_container_that_does_not_run_changes_with_its_next_start()
    {
        await updater.UpdateAsync(Web, spec => spec with { Argv = ["new"], Limits = new JailLimits(1000) }, CancellationToken.None);

        Assert.Equal(("new", "u", 1000), (Web.Spec.Argv[0], Web.Spec.User, Web.Spec.Limits.MemoryBytes));
        Assert.Equal(["limit  1000"], jails.Calls);
    }

    [RootFact]
    public async Task A_jail_is_not_asked_when_its_limits_stay()
    {
        jails.Leave("0123456789ab");

        await updater.UpdateAsync(Web, spec => spec with { Argv = ["new"] }, CancellationToken.None);

        Assert.Equal("new", Web.Spec.Argv[0]);
        Assert.Empty(jails.Calls);
    }

    [RootFact]
    public async Task What_a_jail_does_not_take_is_not_recorded()
    {
        jails.Leave("0123456789ab");
        jails.Refusal = new JailStartException(JailStartFailure.Jail, "no");

        await Assert.ThrowsAsync<JailStartException>(() => updater.UpdateAsync(Web, spec => spec with { Argv = ["new"], Limits = new JailLimits(1000) }, CancellationToken.None));

        Assert.Equal(("old", JailLimits.None), (Web.Spec.Argv[0], Web.Spec.Limits));
    }

    public void Dispose()
    {
        database.Dispose();
        folder.Dispose();
    }

    private Container Web => containers.Find("web");
}
