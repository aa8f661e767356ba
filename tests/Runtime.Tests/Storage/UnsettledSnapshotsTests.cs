using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Testing;

namespace Kleene.Build.Runtime.Tests.Storage;

public sealed class UnsettledSnapshotsTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly Database database;

    public UnsettledSnapshotsTests()
    {
        database = Database.Open(StateDirectory.Open(scratch["state"]));
        UnsettledSnapshots.Forget(database, "first boot");
        Add("aaaaaaaaaaaa", "old", created: 0);
        Add("bbbbbbbbbbbb", "settled", created: 1_000_000);
        Add("cccccccccccc", "young", created: 1_000_000 + 59_000);
        Add("dddddddddddd", "last", created: 1_000_000 + 61_000);
    }

    public void Dispose()
    {
        database.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public void In_one_run_of_the_machine_the_cache_is_believed()
    {
        UnsettledSnapshots.Forget(database, "first boot");

        Assert.Equal(["last", "old", "settled", "young"], Keys());
    }

    [Fact]
    public void After_a_restart_the_last_minute_is_not()
    {
        UnsettledSnapshots.Forget(database, "second boot");

        Assert.Equal(["old", "settled"], Keys());
    }

    [Fact]
    public void It_is_forgotten_once()
    {
        UnsettledSnapshots.Forget(database, "second boot");
        Add("eeeeeeeeeeee", "new", created: 2_000_000);

        UnsettledSnapshots.Forget(database, "second boot");

        Assert.Equal(["new", "old", "settled"], Keys());
    }

    [Fact]
    public void A_kernel_that_does_not_tell_changes_nothing()
    {
        UnsettledSnapshots.Forget(database, null);

        Assert.Equal(["last", "old", "settled", "young"], Keys());
    }

    private void Add(string id, string key, long created)
    {
        database.Execute("INSERT INTO snapshots (id, created) VALUES ($1, $2)", id, created);
        database.Execute("INSERT INTO cache (key, snapshot, created) VALUES ($1, $2, $3)", key, id, created);
    }

    private List<string> Keys() => database.Query("SELECT key FROM cache ORDER BY key", reader => reader.GetString(0));
}
