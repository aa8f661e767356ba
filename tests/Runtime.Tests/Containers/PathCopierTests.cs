using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Containers;

/// <summary>The rules of docker-cp(1), and that nobody who changes a tree meanwhile leads a copy out of it.</summary>
public sealed class PathCopierTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly CopyRule Plain = new(KeepsOwners: false, FollowsLink: false);

    private readonly ScratchDirectory folder = new();
    private readonly RootedDirectory source;
    private readonly RootedDirectory target;

    public PathCopierTests()
    {
        folder.Write("from/file", "of the source");
        folder.Write("from/dir/x", "x");
        folder.Write("from/dir/sub/y", "y");
        File.CreateSymbolicLink(folder["from/filelink"], "/file");
        File.CreateSymbolicLink(folder["from/dirlink"], "dir");
        File.CreateSymbolicLink(folder["from/lost"], "/nowhere");
        folder.MakeDirectory("to/d");
        folder.Write("to/f", "of the target, before");
        folder.Write("to/d2/dir/kept", "");
        folder.Write("to/d3/dir", "a file");
        File.CreateSymbolicLink(folder["to/dlink"], "/d");
        File.CreateSymbolicLink(folder["to/dangling"], "d/new");
        File.CreateSymbolicLink(folder["to/out"], "../../../../../..");
        source = RootedDirectory.Open(folder["from"]);
        target = RootedDirectory.Open(folder["to"]);
    }

    /// <summary>What, to where, and what is there afterwards.</summary>
    public static TheoryData<string, string, string> Copies => new()
    {
        { "/file", "/new", "new" },
        { "/file", "/d", "d/file" },
        { "/file", "/d/", "d/file" },
        { "/file", "/d/.", "d/file" },
        { "/file", "/", "file" },
        { "/file", "/f", "f" },
        { "/file", "/d/other", "d/other" },
        { "/file", "/dlink", "d/file" },
        { "/file", "/dlink/named", "d/named" },
        { "/file", "/dangling", "d/new" },
        { "/file", "/out/x", "x" },
        { "/file", "/../../x", "x" },
        { "/dir/../file", "/x", "x" },
        { "/dir", "/new", "new new/sub new/sub/y new/x" },
        { "/dir", "/new/", "new new/sub new/sub/y new/x" },
        { "/dir/.", "/new", "new new/sub new/sub/y new/x" },
        { "/dir", "/d", "d/dir d/dir/sub d/dir/sub/y d/dir/x" },
        { "/dir/", "/d", "d/dir d/dir/sub d/dir/sub/y d/dir/x" },
        { "/dir/.", "/d", "d/sub d/sub/y d/x" },
        { "/dir/.", "/dlink", "d/sub d/sub/y d/x" },
        { "/dir", "/d2", "d2/dir/sub d2/dir/sub/y d2/dir/x" },
        { "/dir/sub/..", "/d", "d/dir d/dir/sub d/dir/sub/y d/dir/x" },
        { "/", "/new", "new new/dir new/dir/sub new/dir/sub/y new/dir/x new/dirlink new/file new/filelink new/lost" },
        { "/filelink", "/d", "d/filelink" },
        { "/lost", "/d", "d/lost" },
        { "/dirlink", "/new", "new" },
        { "/dirlink/", "/new", "new new/sub new/sub/y new/x" },
        { "/dirlink/.", "/d", "d/sub d/sub/y d/x" },
    };

    [Theory]
    [MemberData(nameof(Copies))]
    public async Task What_goes_where(string from, string to, string expected)
    {
        var before = Entries();

        await PathCopier.CopyAsync(source, from, target, to, Plain, None);

        var changed = Entries().Where(entry => !before.Contains(entry)).Select(entry => entry.Path).Order(StringComparer.Ordinal);
        Assert.Equal(expected, string.Join(' ', changed));
    }

    [Theory]
    [InlineData("/none", "/new", "there is no '/none' to copy")]
    [InlineData("/lost/", "/new", "there is no '/lost/' to copy")]
    [InlineData("/file/", "/new", "'/file/' is not a directory; leave out what follows its name")]
    [InlineData("/file/.", "/new", "'/file/.' is not a directory; leave out what follows its name")]
    [InlineData("/file", "/new/", "'/new/' is not a directory; make it first, or leave out the '/' at its end")]
    [InlineData("/file", "/f/", "'/f/' is not a directory; make it first, or leave out the '/' at its end")]
    [InlineData("/file", "/no/where", "there is no directory that '/no/where' could be made in; make it first")]
    [InlineData("/file", "/f/x", "there is no directory that '/f/x' could be made in; make it first")]
    [InlineData("/dir", "/f", "cannot copy a directory over '/f', which is a file")]
    [InlineData("/dir/.", "/f", "cannot copy a directory over '/f', which is a file")]
    [InlineData("/dir", "/no/where", "there is no directory that '/no/where' could be made in; make it first")]
    [InlineData("/dir", "/d3", "cannot copy a directory over '/d3/dir', which is none")]
    public async Task What_does_not_go(string from, string to, string why) =>
        Assert.Equal(why, (await Assert.ThrowsAsync<KleeneException>(() => PathCopier.CopyAsync(source, from, target, to, Plain, None))).Message);

    [Fact]
    public async Task A_link_that_is_followed_keeps_its_name()
    {
        await PathCopier.CopyAsync(source, "/filelink", target, "/d", Plain with { FollowsLink = true }, None);
        await PathCopier.CopyAsync(source, "/dirlink", target, "/d", Plain with { FollowsLink = true }, None);

        Assert.Null(new FileInfo(folder["to/d/filelink"]).LinkTarget);
        Assert.Equal("of the source", await File.ReadAllTextAsync(folder["to/d/filelink"]));
        Assert.Equal("y", await File.ReadAllTextAsync(folder["to/d/dirlink/sub/y"]));
    }

    [RootFact]
    public async Task Owners_are_the_superuser_s_unless_they_are_to_be_kept()
    {
        RawFiles.SetOwner(folder["from/file"], 12, 34);
        RawFiles.SetMode(folder["from/file"], 0x1a0);

        await PathCopier.CopyAsync(source, "/file", target, "/plain", Plain, None);
        await PathCopier.CopyAsync(source, "/file", target, "/kept", Plain with { KeepsOwners = true }, None);

        Assert.Equal((FileOwner.Root, 0x1a0u), (target.Stat("plain", followLink: false).Owner, target.Stat("plain", followLink: false).Permissions));
        Assert.Equal(new FileOwner(12, 34), target.Stat("kept", followLink: false).Owner);
    }

    [Theory]
    [InlineData("/", "/d")]
    [InlineData("/d", "/d")]
    [InlineData("/d2", "/d2/dir")]
    [InlineData("/d2", "/d2/dir/new")]
    public async Task Nothing_is_copied_into_itself(string from, string to) =>
        Assert.EndsWith("into itself", (await Assert.ThrowsAsync<KleeneException>(() => PathCopier.CopyAsync(target, from, target, to, Plain, None))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task An_archive_begins_with_the_name_and_unpacks_to_the_same()
    {
        using var archive = new MemoryStream();
        await PathCopier.PackAsync(source, "/dir", archive, Plain, None);
        using var contents = new MemoryStream();
        await PathCopier.PackAsync(source, "/dir/.", contents, Plain, None);

        Assert.Equal(0, await PathCopier.UnpackAsync(new MemoryStream(archive.ToArray()), target, "/d", Plain, None));
        await PathCopier.UnpackAsync(new MemoryStream(contents.ToArray()), target, "/d2/dir", Plain, None);

        Assert.Equal("y", await File.ReadAllTextAsync(folder["to/d/dir/sub/y"]));
        Assert.Equal(["kept", "sub", "x"], Directory.GetFileSystemEntries(folder["to/d2/dir"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        await Assert.ThrowsAsync<KleeneException>(() => PathCopier.UnpackAsync(new MemoryStream(archive.ToArray()), target, "/new", Plain, None));
        await Assert.ThrowsAsync<KleeneException>(() => PathCopier.UnpackAsync(new MemoryStream(archive.ToArray()), target, "/f", Plain, None));
    }

    [Fact]
    public async Task An_archive_replaces_no_directory_by_a_file_and_no_file_by_a_directory()
    {
        folder.Write("from/dir2", "a file");
        using var directory = new MemoryStream();
        await PathCopier.PackAsync(source, "/dir", directory, Plain, None);
        using var file = new MemoryStream();
        await PathCopier.PackAsync(source, "/dir2", file, Plain, None);
        folder.Write("to/d4/dir2/below", "");

        var overFile = await Assert.ThrowsAnyAsync<KleeneException>(() => PathCopier.UnpackAsync(new MemoryStream(directory.ToArray()), target, "/d3", Plain, None));
        var overDirectory = await Assert.ThrowsAnyAsync<KleeneException>(() => PathCopier.UnpackAsync(new MemoryStream(file.ToArray()), target, "/d4", Plain, None));

        Assert.Contains("a file of that name is there", overFile.Message, StringComparison.Ordinal);
        Assert.Contains("a directory of that name is there", overDirectory.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(folder["to/d4/dir2/below"]));
    }

    [Fact]
    public async Task Whoever_swaps_a_directory_for_a_link_meanwhile_leads_nothing_out()
    {
        folder.Write("outside/secret", "secret");
        folder.Write("from/dir/secret", "harmless");
        using var stop = new CancellationTokenSource();
        var swapper = Task.Run(() =>
        {
            foreach (var place in (string[])["to/d2/dir", "from/dir"])
            {
                Directory.Move(folder[place], folder[$"{place}.real"]);
                File.CreateSymbolicLink(folder[place], folder["outside"]);
            }

            for (var isLink = true; !stop.IsCancellationRequested; isLink = !isLink)
            {
                foreach (var place in (string[])["to/d2/dir", "from/dir"])
                {
                    // Away with what is there, and the other in its place.
                    if (isLink)
                    {
                        File.Delete(folder[place]);
                        Directory.Move(folder[$"{place}.real"], folder[place]);
                    }
                    else
                    {
                        Directory.Move(folder[place], folder[$"{place}.real"]);
                        File.CreateSymbolicLink(folder[place], folder["outside"]);
                    }
                }
            }
        });

        var copied = 0;
        for (var attempt = 0; attempt < 100 || (copied == 0 && attempt < 20_000); attempt++)
        {
            try
            {
                await PathCopier.CopyAsync(source, "/dir/.", target, "/d2/dir/new", Plain, None);
                await PathCopier.CopyAsync(source, "/dir/secret", target, "/got", Plain, None);
                copied++;
            }
            catch (KleeneException)
            {
                // It met the link, which leads nowhere inside the root.
            }

            Assert.True(!File.Exists(folder["to/got"]) || await File.ReadAllTextAsync(folder["to/got"]) == "harmless");
        }

        await stop.CancelAsync();
        await swapper;
        Assert.NotEqual(0, copied);
        Assert.Equal(["secret"], Directory.GetFileSystemEntries(folder["outside"]).Select(Path.GetFileName));
        Assert.Equal("secret", await File.ReadAllTextAsync(folder["outside/secret"]));
    }

    public void Dispose()
    {
        source.Dispose();
        target.Dispose();
        folder.Dispose();
    }

    /// <summary>Directories by their names only: their times change with what is made in them.</summary>
    /// <remarks>A file that takes another's place may get its number, too.</remarks>
    private HashSet<(string Path, ulong Inode, long Size)> Entries() =>
        [.. TreeEntries.Of(target, UnixPath.Empty, None).Select(entry => entry.Status.IsDirectory ? (entry.Path.ToString(), 0, 0) : (entry.Path.ToString(), entry.Status.Inode, entry.Status.Size))];
}
