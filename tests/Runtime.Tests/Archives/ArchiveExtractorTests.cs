using System.Security.Cryptography;
using System.Text;
using Kleene.Build.Runtime.Archives;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Archives;

public sealed class ArchiveExtractorTests : IDisposable
{
    /// <summary>A tree with everything that a file system has and names that people regret.</summary>
    internal const string MakeAwkwardTree = """
        import os, struct, sys
        root = os.fsencode(sys.argv[1])
        p = lambda name: os.path.join(root, name)
        def write(name, content, mode=0o644, owner=(0, 0), time=1600000000123456789):
            with open(p(name), "wb") as f: f.write(content)
            os.chown(p(name), *owner); os.chmod(p(name), mode); os.utime(p(name), ns=(time, time))
        os.makedirs(p(b"usr/bin")); os.makedirs(p(b"deep/" + b"/".join([b"d" * 60] * 5))); os.mkdir(p(b"empty"))
        write(b"usr/bin/su", b"\x7fELF", 0o4755, (0, 42))
        write(b"sp ace 'quote' \"$HOME\"", b"a\r\nb")
        write(b"not utf8 \xff\xfe", b"x", 0o600, (70000, 4000000000))
        write(b"new\nline", b"")
        write(b"\xc3\xbcmlaut", b"1" * 1000, time=-2000000000)
        write(b"n" * 150, b"long name")
        write(b"deep/" + b"/".join([b"d" * 60] * 5) + b"/leaf", b"deep")
        write(b"noise", os.urandom(300001), 0o444)
        write(b"block", b"b" * 512)
        os.link(p(b"noise"), p(b"usr/noise too"))
        os.symlink(b"usr/bin", p(b"bin")); os.lchown(p(b"bin"), 5, 6)
        os.symlink(b"/absolute/" + b"t" * 180, p(b"dangling"))
        os.utime(p(b"bin"), ns=(1, 1500000000987654321), follow_symlinks=False)
        os.mkfifo(p(b"fifo")); os.chmod(p(b"fifo"), 0o622)
        os.mknod(p(b"null"), 0o20666, os.makedev(1, 3)); os.chmod(p(b"null"), 0o666)
        os.mknod(p(b"disk"), 0o60660, os.makedev(259, 300000)); os.chown(p(b"disk"), 0, 6)
        os.chmod(p(b"empty"), 0o1777); os.chmod(p(b"usr/bin"), 0o2711)
        if len(sys.argv) > 2:
            os.setxattr(p(b"noise"), "user.binary", bytes(range(256)))
            os.setxattr(p(b"noise"), "user.empty", b"")
            os.setxattr(p(b"usr/bin"), "user.on directory", b"a=b\nc")
            os.setxattr(p(b"usr/bin/su"), "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0))
        for d, _, _ in os.walk(root, topdown=False): os.utime(d, ns=(1400000000000000007, 1400000000000000007))
        """;

    private readonly ScratchDirectory folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, string[]> Archivers => new()
    {
        { "xattrs", ["tar", "--format=pax", "--xattrs", "--xattrs-include=*", "-C", "{source}/..", "-cf", "{archive}", "source"] },
        { "plain", ["tar", "--format=gnu", "-C", "{source}/..", "-cf", "{archive}", "source"] },
        { "plain", ["tar", "--format=gnu", "-b", "1", "--sort=name", "-C", "{source}/..", "-cf", "{archive}", "source"] },
        { "plain", ["tar", "--format=pax", "--pax-option=globexthdr.name=g,gname=nobody,exthdr.name=%d/x/%f", "-C", "{source}/..", "-cf", "{archive}", "source"] },
        { "xattrs", ["bsdtar", "--format=pax", "-C", "{source}/..", "-cf", "{archive}", "source"] },
        { "plain", ["bsdtar", "--format=gnutar", "-C", "{source}/..", "-cf", "{archive}", "source"] },
        { "plain", ["python3", "-c", "import tarfile,sys; t=tarfile.open(sys.argv[2],'w',format=tarfile.PAX_FORMAT); t.add(sys.argv[1],'source'); t.close()", "{source}", "{archive}"] },
        { "plain", ["python3", "-c", "import tarfile,sys; t=tarfile.open(sys.argv[2],'w',format=tarfile.GNU_FORMAT); t.add(sys.argv[1],'source'); t.close()", "{source}", "{archive}"] },
    };

    [RootTheory, MemberData(nameof(Archivers))]
    public async Task A_tree_comes_out_as_tar_would_unpack_it(string kind, string[] archiver)
    {
        var source = folder.MakeDirectory("source");
        string[] arguments = ["-c", MakeAwkwardTree, source, .. kind == "xattrs" ? ["x"] : Array.Empty<string>()];
        HostTool.Run("python3", arguments);
        HostTool.Run(archiver[0], [.. archiver[1..].Select(word => word.Replace("{source}", source).Replace("{archive}", folder["a.tar"]))]);

        // GNU tar gives wrong times to directories in the order in which bsdtar has them.
        string[] reference = archiver[0] == "bsdtar" ? ["bsdtar", "--xattrs"] : ["tar", "--xattrs", "--xattrs-include=*"];
        HostTool.Run(reference[0], [.. reference[1..], "--numeric-owner", "-p", "-C", folder.MakeDirectory("expected"), "-xf", folder["a.tar"]]);

        await ExtractAsync(File.OpenRead(folder["a.tar"]));

        Assert.Equal(TreeListing.Of(folder["expected/source"]), TreeListing.Of(folder["root/source"]));
    }

    [RootFact]
    public async Task A_pax_archive_gives_back_the_very_tree_it_was_made_from()
    {
        var source = folder.MakeDirectory("source");
        HostTool.Run("python3", "-c", MakeAwkwardTree, source, "x");
        HostTool.Run("tar", "--format=pax", "--xattrs", "--xattrs-include=*", "-C", source, "-cf", folder["a.tar"], ".");

        await ExtractAsync(File.OpenRead(folder["a.tar"]));

        Assert.Equal(TreeListing.Of(source), TreeListing.Of(folder["root"]));
    }

    [RootTheory]
    [InlineData("cat")]
    [InlineData("gzip")]
    [InlineData("bzip2")]
    [InlineData("xz")]
    [InlineData("zstd")]
    public async Task The_digest_is_that_of_the_unpacked_archive(string packer)
    {
        var archive = new TarBytes().File("a", new string('x', 600_000)).File("b", "y").End();
        var packed = packer == "cat" ? archive : HostTool.Run(packer, archive, "-c");

        var result = await ExtractAsync(new MemoryStream(packed));

        Assert.Equal($"sha256:{Convert.ToHexStringLower(SHA256.HashData(archive))}", result.Digest.ToString());
        Assert.Equal((2, archive.Length), (result.Entries, result.Bytes));
    }

    [RootFact]
    public async Task Of_two_entries_of_one_name_the_later_counts()
    {
        var archive = new TarBytes()
            .File("f", "old and longer", mode: 0x9ED).File("f", "new")
            .SymbolicLink("l", "f").File("l", "file now")
            .File("s", "file").SymbolicLink("s", "l")
            .Directory("d", 0x1C0).Directory("d", 0x1ED)
            .Directory("e").SymbolicLink("e", "d").End();

        await ExtractAsync(new MemoryStream(archive));

        Assert.Equal(
            ["644 regular file", "644 regular file", "777 symbolic link", "755 directory", "777 symbolic link"],
            new[] { "f", "l", "s", "d", "e" }.Select(Kind));
        Assert.Equal("new", File.ReadAllText(folder["root/f"]));
        Assert.Equal("file now", File.ReadAllText(folder["root/l"]));
    }

    [RootFact]
    public async Task Directories_that_the_archive_does_not_name_are_made()
    {
        await ExtractAsync(new MemoryStream(new TarBytes().File("a/b/c", "x").HardLink("d/e", "a/b/c").End()));

        Assert.Equal("x", File.ReadAllText(folder["root/d/e"]));
        Assert.Equal("755 directory", Kind("a/b"));
    }

    [RootFact]
    public async Task Files_below_a_link_to_a_directory_of_the_archive_go_where_it_leads()
    {
        await ExtractAsync(new MemoryStream(new TarBytes().Directory("usr/lib").SymbolicLink("lib", "usr/lib").File("lib/libc.so", "x").End()));

        Assert.Equal("x", File.ReadAllText(folder["root/usr/lib/libc.so"]));
    }

    [RootFact]
    public async Task A_directory_that_nobody_may_enter_is_filled_before_it_is_closed()
    {
        await ExtractAsync(new MemoryStream(new TarBytes().Directory("closed", 0).File("closed/f", "x", mode: 0).Directory(".", 0x1C0).End()));

        Assert.Equal("0 directory", Kind("closed"));
        Assert.Equal("700 directory", Kind("."));
        Assert.True(File.Exists(folder["root/closed/f"]));
    }

    [RootFact]
    public async Task A_hard_link_to_itself_changes_nothing()
    {
        await ExtractAsync(new MemoryStream(new TarBytes().File("f", "x").HardLink("./f", "/f").End()));

        Assert.Equal("x", File.ReadAllText(folder["root/f"]));
    }

    [RootFact]
    public async Task Attributes_in_which_the_machine_keeps_its_own_notes_are_left_out()
    {
        var archive = new TarBytes()
            .Pax(("SCHILY.xattr.trusted.overlay.opaque", "y"u8.ToArray()), ("SCHILY.xattr.security.selinux", "label\0"u8.ToArray()), ("SCHILY.xattr.user.kept", "k"u8.ToArray()))
            .Directory("d").End();

        await ExtractAsync(new MemoryStream(archive));

        var listing = TreeListing.Of(folder["root"]);
        Assert.DoesNotContain("overlay", listing, StringComparison.Ordinal);
        Assert.DoesNotContain("selinux", listing, StringComparison.Ordinal);
        Assert.Contains("user.kept", listing, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task Attributes_that_the_file_system_cannot_store_are_counted()
    {
        var archive = new TarBytes().Pax(("SCHILY.xattr.unknown.kind", "x"u8.ToArray())).File("f", "y").End();

        var result = await ExtractAsync(new MemoryStream(archive));

        Assert.Equal(1, result.XattrsLost);
        Assert.Equal("y", File.ReadAllText(folder["root/f"]));
    }

    [RootFact]
    public async Task An_archive_that_unpacks_to_more_than_the_limit_is_refused()
    {
        var bomb = HostTool.Run("gzip", new TarBytes().File("zeros", new string('\0', 3_000_000)).End(), "-9c");

        var error = await Assert.ThrowsAsync<ArchiveException>(() => ExtractAsync(new MemoryStream(bomb), new ExtractionLimits(Bytes: 2_000_000)));

        Assert.Contains("more than 2000000 bytes", error.Message, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task An_archive_of_more_entries_than_the_limit_is_refused()
    {
        var archive = new TarBytes().File("1").File("2").File("3").End();

        var error = await Assert.ThrowsAsync<ArchiveException>(() => ExtractAsync(new MemoryStream(archive), new ExtractionLimits(Entries: 2)));

        Assert.Equal("3", error.Entry);
    }

    [RootFact]
    public async Task A_cancelled_extraction_ends_although_the_source_would_go_on()
    {
        using var cancel = new CancellationTokenSource();
        using var endless = new EndlessArchive(afterBytes: 10_000_000, cancel.Cancel);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => new ArchiveExtractor(ExtractionLimits.Default).ExtractAsync(endless, folder.MakeDirectory("root"), cancel.Token));
    }

    [RootFact]
    public async Task A_full_disk_is_called_so()
    {
        var small = folder.MakeDirectory("small");
        HostTool.Run("mount", "-t", "tmpfs", "-o", "size=64k", "small", small);
        try
        {
            var archive = new TarBytes().File("too large", new string('x', 200_000)).End();

            var error = await Assert.ThrowsAnyAsync<KleeneException>(
                () => new ArchiveExtractor(ExtractionLimits.Default).ExtractAsync(new MemoryStream(archive), small, CancellationToken.None));

            Assert.Equal("cannot write 'too large': no space left on device", error.Message);
        }
        finally
        {
            HostTool.Run("umount", small);
        }
    }

    [RootTheory]
    [InlineData("cat")]
    [InlineData("gzip")]
    [InlineData("bzip2")]
    [InlineData("xz")]
    [InlineData("zstd")]
    public async Task An_archive_cut_off_anywhere_is_never_taken_for_whole(string packer)
    {
        var archive = new TarBytes().Directory("d").File("d/f", "some text").File("d/g", new string('x', 3000)).SymbolicLink("s", "d").End();
        var packed = packer == "cat" ? archive[..^512] : HostTool.Run(packer, archive, "-c");
        var step = Math.Max(1, packed.Length / 50);
        for (var length = packed.Length - 1; length >= 0; length -= step)
        {
            await Assert.ThrowsAsync<ArchiveException>(() => ExtractAsync(new MemoryStream(packed[..length])));
        }
    }

    private Task<ExtractionResult> ExtractAsync(Stream archive, ExtractionLimits? limits = null) =>
        new ArchiveExtractor(limits ?? ExtractionLimits.Default).ExtractAsync(archive, folder.MakeDirectory("root"), CancellationToken.None);

    private string Kind(string name) => Encoding.UTF8.GetString(HostTool.Run("stat", "-c", "%a %F", folder[$"root/{name}"])).Trim();

    /// <summary>One file that never ends.</summary>
    private sealed class EndlessArchive(long afterBytes, Action reached) : Stream
    {
        private readonly byte[] header = new TarBytes().File("endless", size: "77777777777").Torn();
        private long given;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var start = (int)Math.Min(given, header.Length);
            var fromHeader = Math.Min(count, header.Length - start);
            header.AsSpan(start, fromHeader).CopyTo(buffer.AsSpan(offset));
            given += count;
            if (given > afterBytes)
            {
                reached();
            }

            return fromHeader > 0 ? fromHeader : count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
