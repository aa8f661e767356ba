using Kleene.Build.Runtime.State;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.State;

public sealed class StateDirectoryTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly ScratchDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void It_is_made_for_its_owner_only_and_those_above_it_are_not_touched()
    {
        var state = StateDirectory.Open(scratch["new above/state $HOME"]);

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(state.Root));
        Assert.NotEqual(OwnerOnly, File.GetUnixFileMode(scratch["new above"]));
        Assert.Equal(state.Root, StateDirectory.Open(state.Root).Root);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherExecute)]
    [InlineData(UnixFileMode.OtherWrite | UnixFileMode.StickyBit)]
    public void One_that_is_open_to_others_is_refused_with_what_to_do(UnixFileMode more)
    {
        var root = scratch.MakeDirectory("state");
        File.SetUnixFileMode(root, OwnerOnly | more);

        var said = Assert.Throws<KleeneException>(() => StateDirectory.Open(root));

        Assert.Contains($"run 'chmod 700 {root}'", said.Message, StringComparison.Ordinal);
    }

    [RootFact]
    public void One_that_belongs_to_somebody_else_is_refused()
    {
        var root = StateDirectory.Open(scratch["state"]).Root;
        scratch.Shell("chown 12345 state");

        var said = Assert.Throws<KleeneException>(() => StateDirectory.Open(root));

        Assert.Contains("belongs to another user (12345)", said.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_in_its_place_is_told()
    {
        var path = scratch.Write("file", "not a directory");

        var said = Assert.Throws<KleeneException>(() => StateDirectory.Open(path));

        Assert.StartsWith($"state directory '{path}' cannot be used: ", said.Message, StringComparison.Ordinal);
    }
}
