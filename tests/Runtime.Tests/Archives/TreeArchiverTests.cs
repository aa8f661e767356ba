using System.Text;
using Kleene.Build.Runtime.Archives;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Archives;

public sealed class TreeArchiverTests : IDisposable
{
    private readonly ScratchDirectory folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string[]> Readers =>
    [
        ["tar", "--numeric-owner", "--xattrs", "--xattrs-include=*", "-xpf", "{archive}", "-C", "{target}"],
        ["bsdtar", "--numeric-owner", "--xattrs", "-xpf", "{archive}", "-C", "{target}"],
    ];

    [RootTheory]
    [MemberData(nameof(Readers))]
    public async Task What_is_packed_is_unpacked_the_same_by_other_programs(string[] reader)
    {
        var source = MakeAwkwardTree("xattrs");

        var archive = await PackAsync(source, "packed.tar");
        var target = folder.MakeDirectory("target");
        HostTool.Run(reader[0], [.. reader[1..].Select(word => word.Replace("{archive}", archive, StringComparison.Ordinal).Replace("{target}", target, StringComparison.Ordinal))]);

        // bsdtar leaves the directory that it unpacks into as it is.
        Assert.Equal(TreeListing.Of(source).Split('\n')[1..], TreeListing.Of(target).Split('\n')[1..]);
    }

    [RootFact]
    public async Task What_is_packed_is_unpacked_the_same_by_ourselves()
    {
        var source = MakeAwkwardTree("xattrs");

        var archive = await PackAsync(source, "packed.tar");
        var target = folder.MakeDirectory("target");
        await new ArchiveExtractor(ExtractionLimits.Default).ExtractAsync(File.OpenRead(archive), target, CancellationToken.None);

        Assert.Equal(TreeListing.Of(source), TreeListing.Of(target));
    }

    [RootFact]
    public async Task The_same_tree_gives_the_same_bytes_wherever_and_whenever_it_is_packed()
    {
        var source = MakeAwkwardTree();
        var copy = folder.MakeDirectory("copy");
        using (var from = RootedDirectory.Open(source))
        using (var to = RootedDirectory.Open(copy))
        {
            new TreeCopier(from, to, owner: null, CancellationToken.None).CopyTree(UnixPath.Empty, UnixPath.Empty);
        }

        var first = await File.ReadAllBytesAsync(await PackAsync(source, "one.tar"));
        var second = await File.ReadAllBytesAsync(await PackAsync(copy, "two.tar"));

        Assert.Equal(first, second);
    }

    [Theory]
    [InlineData(0, 0, 0, 0, 0, 0, "")]
    [InlineData(2_097_151, 2_097_151, 8_589_934_591, 8_589_934_591, 0, 0, "")]
    [InlineData(2_097_152, 0, 0, 0, 0, 0, "15 uid=2097152\n")]
    [InlineData(0, 4_294_967_295, 0, 0, 0, 0, "18 gid=4294967295\n")]
    [InlineData(0, 0, 8_589_934_592, 0, 0, 0, "19 size=8589934592\n")]
    [InlineData(0, 0, 0, 8_589_934_592, 0, 0, "20 mtime=8589934592\n")]
    [InlineData(0, 0, 0, 1, 500_000_000, 0, "13 mtime=1.5\n")]
    [InlineData(0, 0, 0, -2, 750_000_000, 0, "15 mtime=-1.25\n")]
    [InlineData(0, 0, 0, -1, 1, 0, "22 mtime=-0.999999999\n")]
    [InlineData(0, 0, 0, -7, 0, 0, "12 mtime=-7\n")]
    [InlineData(0, 0, 0, 0, 0, 256, "")]
    [InlineData(0, 0, 0, 0, 0, 257, "267 path=")]
    public void An_extended_header_says_only_what_the_plain_one_cannot(long user, long group, long size, long seconds, int nanoseconds, int nameLength, string expected)
    {
        // The longest name that fits is parted behind the 155th byte.
        var name = nameLength == 0 ? "plain" : new string('d', 155) + "/" + new string('n', nameLength - 156);
        using var stream = new MemoryStream();

        new TarWriter(stream).WriteEntry(new TarEntry
        {
            Type = TarEntryType.File,
            Name = Encoding.UTF8.GetBytes(name),
            Mode = 420,
            UserId = user,
            GroupId = group,
            Size = size,
            ModifiedAt = new TarTime(seconds, nanoseconds),
            Offset = 0,
        });

        var written = stream.ToArray();
        Assert.Equal(expected.Length == 0 ? 512 : 3 * 512, written.Length);
        Assert.Equal(expected, expected.Length == 0 ? "" : Encoding.UTF8.GetString(written, 512, expected.Length));
    }

    private string MakeAwkwardTree(params string[] options)
    {
        var source = folder.MakeDirectory("source");
        HostTool.Run("python3", ["-c", ArchiveExtractorTests.MakeAwkwardTree, source, .. options]);
        return source;
    }

    private async Task<string> PackAsync(string source, string name)
    {
        var path = folder[name];
        await using var target = File.Create(path);
        await TreeArchiver.WriteAsync(source, target, shown: null, CancellationToken.None);
        return path;
    }
}
