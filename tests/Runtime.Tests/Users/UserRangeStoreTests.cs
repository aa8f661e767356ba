using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Users;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Users;

public sealed class UserRangeStoreTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly Database database;
    private readonly ContainerStore containers;
    private readonly List<string> givenAway = [];

    public UserRangeStoreTests()
    {
        database = Database.Open(StateDirectory.Open(scratch["state"]));
        containers = new ContainerStore(database);

        // Of images and trees nothing is asked here.
        database.Execute("PRAGMA foreign_keys = OFF");
    }

    public void Dispose()
    {
        database.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public void Ranges_do_not_meet_and_lie_where_no_user_of_the_host_is()
    {
        var ranges = Enumerable.Range(0, 20).Select(_ => Ranges("/a").Take(NewContainer())).OrderBy(range => range.First).ToList();

        Assert.All(ranges.Zip(ranges.Skip(1)), pair => Assert.True(pair.First.First + pair.First.Count <= pair.Second.First));
        Assert.All(ranges, range => Assert.True(range is { First: >= 524_288, Count: 65_536 } && range.First + range.Count <= 1_879_048_192));
    }

    [Fact]
    public void Two_stores_of_one_machine_begin_elsewhere()
    {
        Assert.NotEqual(Ranges("/a").Take(NewContainer()), Ranges("/b").Take(NewContainer()));
    }

    [Fact]
    public void What_is_given_away_to_others_is_left_out()
    {
        var first = Ranges("/a").Take(NewContainer());
        database.Execute("DELETE FROM user_ranges");
        givenAway.AddRange(["# a comment", "", "someone:not a number:1", $"someone:{first.First + 65_535}:1"]);

        var second = Ranges("/a").Take(NewContainer());

        Assert.Equal(first.First + 65_536, second.First);
    }

    [Fact]
    public void When_all_are_taken_it_says_so()
    {
        givenAway.Add("everybody:0:4294967295");

        Assert.StartsWith("all 28664 ranges of user ids are taken", Assert.Throws<KleeneException>(() => Ranges("/a").Take(NewContainer())).Message, StringComparison.Ordinal);
    }

    private UserRangeStore Ranges(string place) => new(database, place, () => givenAway);

    private SnapshotId NewContainer()
    {
        var id = SnapshotId.New();
        containers.Add(new Container
        {
            Id = id,
            Name = $"c{id}",
            ImageId = "i",
            Snapshot = id,
            Spec = new ContainerSpec { Argv = ["sh"] },
            State = ContainerState.Created,
            Session = "",
            Created = default,
        });
        return id;
    }
}
