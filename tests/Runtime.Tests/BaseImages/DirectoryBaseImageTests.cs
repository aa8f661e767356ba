using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Images.BaseImages;
using Kleene.Build.Runtime.Tests.Archives;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.BaseImages;

public sealed class DirectoryBaseImageTests : IDisposable
{
    private readonly ScratchDirectory folder = new();

    public DirectoryBaseImageTests() =>
        folder.Shell("""
            mkdir -p source/etc 'source/sp ace' root
            echo secret > source/etc/shadow; chown 0:42 source/etc/shadow; chmod 640 source/etc/shadow
            cp /bin/true source/su; chmod 4755 source/su; ln source/su 'source/sp ace/su'
            ln -s /etc/shadow source/link; mknod source/null c 1 3; mkfifo source/fifo; chown 7:8 source/fifo
            printf x > "$(printf 'source/\377')"
            touch -d '2001-02-03 04:05:06.789' source/etc/shadow source/etc 'source/sp ace'
            """);

    public void Dispose() => folder.Dispose();

    [RootFact]
    public async Task A_directory_is_copied_with_owners_modes_links_devices_and_times()
    {
        folder.Shell("chown 5:6 source; chmod 1771 source; touch -d 2001-01-01 source");

        await CopyAsync("source", "root");

        Assert.Equal(TreeListing.Of(folder["source"]), TreeListing.Of(folder["root"]));
    }

    [RootFact]
    public async Task The_same_tree_has_the_same_key_whenever_it_was_made()
    {
        var first = await CopyAsync("source", "root");
        folder.Shell("cp -a source again; touch again/etc/shadow");

        Assert.Equal(first, await CopyAsync("again", "root2"));
    }

    [RootTheory]
    [InlineData("chown 1 source/etc/shadow")]
    [InlineData("chown 0:1 'source/sp ace'")]
    [InlineData("chmod 600 source/etc/shadow")]
    [InlineData("chmod 700 source")]
    [InlineData("chown 1:2 source")]
    [InlineData("echo more >> source/etc/shadow")]
    [InlineData("ln -sf /etc/passwd source/link")]
    [InlineData("mkdir source/new")]
    [InlineData("rm source/null; mknod source/null c 1 5")]
    public async Task Another_tree_has_another_key(string change)
    {
        var before = await CopyAsync("source", "root");
        folder.Shell(change);

        Assert.NotEqual(before, await CopyAsync("source", "root2"));
    }

    [RootFact]
    public async Task The_name_is_that_of_the_directory()
    {
        var content = await new DirectoryBaseImage(folder["source"] + "/").WriteAsync(folder["root"], new Reports([]), CancellationToken.None);

        Assert.Equal("source", content.SuggestedName);
    }

    [Fact]
    public async Task A_directory_that_holds_the_images_cannot_become_one()
    {
        var error = await Assert.ThrowsAsync<KleeneException>(() => CopyAsync(".", "root"));

        Assert.Contains("the images are kept inside it", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing", "there is no directory")]
    [InlineData("source/su", "is a file; use 'kleene image create fetch'")]
    public async Task What_is_no_directory_is_refused(string name, string reason)
    {
        var error = await Assert.ThrowsAsync<KleeneException>(() => CopyAsync(name, "root"));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    private async Task<Digest> CopyAsync(string from, string to)
    {
        var source = new DirectoryBaseImage(folder[from]);
        var content = await source.WriteAsync(folder.MakeDirectory(to), new Reports([]), CancellationToken.None);
        return content.Key;
    }
}
