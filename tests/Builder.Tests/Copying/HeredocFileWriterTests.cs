using Kleene.Build.Builder.Copying;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Testing;

namespace Kleene.Build.Builder.Tests.Copying;

public sealed class HeredocFileWriterTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [RootTheory]
    [InlineData("/a", "a")]
    [InlineData("/new/dir/a", "new/dir/a")]
    [InlineData("/there", "there/name.txt")]
    [InlineData("/there/", "there/name.txt")]
    [InlineData("/new/", "new/name.txt")]
    [InlineData("/link", "there/target")]
    [InlineData("/out", "etc/name.txt")]
    [InlineData("/old", "old")]
    public void A_heredoc_lands_where_a_file_of_the_context_would(string destination, string expected)
    {
        scratch.MakeDirectory("tree/there");
        scratch.MakeDirectory("tree/etc");
        scratch.Write("tree/old", "something longer than before");
        File.CreateSymbolicLink(scratch["tree/link"], "there/target");
        File.CreateSymbolicLink(scratch["tree/out"], "/etc");

        Write(destination, new PlannedHeredoc("name.txt", "é\n", true));

        var file = new FileInfo(scratch[$"tree/{expected}"]);
        Assert.Equal("é\n", File.ReadAllText(file.FullName));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead, file.UnixFileMode);
        Assert.Equal(new DateTime(1980, 2, 1, 0, 0, 0, DateTimeKind.Utc), file.LastWriteTimeUtc);
        Assert.False(File.Exists("/etc/name.txt"));
    }

    [RootFact]
    public void A_link_of_that_name_in_a_directory_is_replaced()
    {
        scratch.Write("tree/victim", "kept");
        scratch.MakeDirectory("tree/dir");
        File.CreateSymbolicLink(scratch["tree/dir/a"], "../victim");

        Write("/dir/", new PlannedHeredoc("a", "new", true), new PlannedHeredoc("b", "", true));

        Assert.Equal("kept", File.ReadAllText(scratch["tree/victim"]));
        Assert.Equal("new", File.ReadAllText(scratch["tree/dir/a"]));
        Assert.Equal("", File.ReadAllText(scratch["tree/dir/b"]));
    }

    [RootFact]
    public void A_directory_in_the_way_is_named()
    {
        scratch.MakeDirectory("tree/dir/a");

        var exception = Assert.Throws<KleeneException>(() => Write("/dir/", new PlannedHeredoc("a", "new", true)));

        Assert.Contains("there is a directory of that name", exception.Message, StringComparison.Ordinal);
    }

    private void Write(string destination, params PlannedHeredoc[] files)
    {
        scratch.MakeDirectory("tree");
        HeredocFileWriter.Write(files, destination, scratch["tree"], new CopyManner());
    }
}
