using Kleene.Build.Runtime.Files;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Files;

public sealed class FileReplacementTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void The_new_content_has_the_mode_of_the_old()
    {
        var path = scratch.Write("a file", "old and longer");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherWrite);

        FileReplacement.Write(path, "new"u8);

        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherWrite, File.GetUnixFileMode(path));
        Assert.Equal([path], Directory.GetFiles(scratch.Path));
    }

    [Fact]
    public void Whoever_has_the_file_open_still_reads_the_old_content()
    {
        var path = scratch.Write("file", "old");
        using var reader = new StreamReader(path);

        FileReplacement.Write(path, "new"u8);

        Assert.Equal("old", reader.ReadToEnd());
    }

    [Fact]
    public void A_link_stays_a_link()
    {
        scratch.Write("there/file", "old");
        scratch.Shell("ln -s there/file link");

        FileReplacement.Write(scratch["link"], "new"u8);

        Assert.Equal("there/file", new FileInfo(scratch["link"]).LinkTarget);
        Assert.Equal("new", File.ReadAllText(scratch["there/file"]));
    }

    [Fact]
    public void What_is_no_regular_file_is_not_replaced()
    {
        scratch.Shell("mkfifo fifo");

        var refused = Assert.Throws<KleeneException>(() => FileReplacement.Write(scratch["fifo"], "new"u8));

        Assert.Contains("not a regular file", refused.Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(scratch.Path));
    }

    [Fact]
    public void A_file_that_is_not_there_is_not_made()
    {
        Assert.Throws<FileOperationException>(() => FileReplacement.Write(scratch["none"], "new"u8));

        Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
    }
}
