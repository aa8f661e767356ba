using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Containers;

/// <summary>What is read of a stored specification without reading all of it.</summary>
public sealed class StoredSpecTests
{
    public static TheoryData<string[]> Words() => [[], ["true"], ["sh", "-c", "echo \"a\\b\" 'é' {}[],: \n"], [""]];

    [Theory]
    [MemberData(nameof(Words))]
    public void Its_words_are_those_of_the_whole(string[] words)
    {
        var json = new ContainerSpec { Argv = [.. words], Environment = ["Argv=[]"], User = "Argv", Labels = System.Collections.Immutable.ImmutableSortedDictionary.Create<string, string>().Add("Argv", "no") }.ToJson();

        var container = Stored(json);

        Assert.Equal(words, container.Argv);
        Assert.Equal(words, container.Spec.Argv);
    }

    [Fact]
    public void They_are_found_wherever_they_stand() =>
        Assert.Equal((string[])["a", "b"], Stored("""{ "User": "x", "Limits": { "Argv": ["no"] }, "Argv": ["a", "b"], "Terminal": true }""").Argv);

    [Fact]
    public void One_that_has_got_another_specification_has_its_words() =>
        Assert.Equal((string[])["new"], (Stored(new ContainerSpec { Argv = ["old"] }.ToJson()) with { Spec = new ContainerSpec { Argv = ["new"] } }).Argv);

    private static Container Stored(string json) => new()
    {
        Id = SnapshotId.New(), Name = "box", ImageId = "", Snapshot = SnapshotId.New(), Stored = json, State = ContainerState.Created, Created = DateTimeOffset.UnixEpoch,
    };
}
