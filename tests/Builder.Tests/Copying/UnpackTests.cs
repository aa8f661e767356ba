using Kleene.Build.Builder.Copying;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Builder.Tests.Copying;

/// <summary>Archives among the sources of an ADD: recognised by what is in them, and merged into what is there.</summary>
public sealed class UnpackTests : IDisposable
{
    private static readonly CopyManner Unpacking = new() { Unpacks = true };

    private readonly CopySpace space = new();

    public void Dispose() => space.Dispose();

    [Theory]
    [InlineData("cat")]
    [InlineData("gzip")]
    [InlineData("bzip2")]
    [InlineData("xz")]
    [InlineData("zstd")]
    public void An_archive_is_unpacked_whatever_its_name(string packer)
    {
        space.Shell($"mkdir -p t/d; echo x > 't/d/a b'; ln -s 'a b' t/d/link; tar -C t -c d | {packer} > context/picture.png");

        space.Copy("/dst", ["picture.png"], Unpacking);

        Assert.Equal("dst\ndst/d\ndst/d/a b\ndst/d/link", space.Image());
    }

    [Fact]
    public void What_is_no_archive_is_copied()
    {
        space.Shell("""
            cd context; echo text | gzip > text.gz; head -c 4096 /dev/zero > zeros.tar; : > empty.tar; printf 'no tar' > short.tar
            mkdir t; head -c 100000 /dev/urandom > t/noise; tar cz t | head -c 60 > cut.tgz; rm -r t; printf '\37\213junk' > junk.gz
            """);

        space.Copy("/out/", ["*"], Unpacking);

        Assert.Equal("out\nout/cut.tgz\nout/empty.tar\nout/junk.gz\nout/short.tar\nout/text.gz\nout/zeros.tar", space.Image());
        Assert.Equal("", space.Shell("diff -r context image/out"));
    }

    [Fact]
    public void An_archive_that_is_damaged_further_on_fails_with_the_way_out()
    {
        space.Shell("cd context; head -c 100000 /dev/urandom > noise; tar cz noise | head -c 50000 > cut.tgz; rm noise");

        var exception = Assert.Throws<KleeneException>(() => space.Copy("/out/", ["cut.tgz"], Unpacking));

        Assert.Matches("^cannot unpack 'cut.tgz': the archive is unusable .*; '--unpack=false' copies it as it is$", exception.Message);
    }

    [RootFact]
    public void Entries_keep_their_owners_modes_and_times_and_the_destination_its_own()
    {
        space.Shell("""
            mkdir -p t/d; echo x > t/d/f; chown 12:13 t t/d; chown 14:15 t/d/f; chmod 2751 t/d; chmod 4750 t/d/f; chmod 700 t
            touch -d '2001-02-03 04:05:06 UTC' t/d/f t/d t; tar -C t -cf context/a.tar .; mkdir image/there; chmod 1777 image/there
            """);

        space.Copy("/there", ["a.tar"], Unpacking with { Mode = ModeChange.TryParse("600") });
        space.Copy("/new/below", ["a.tar"], Unpacking with { Owner = "7:8", Mode = ModeChange.TryParse("600") });

        Assert.Equal(
            """
            new 755 7:8
            new/below 755 7:8
            new/below/d 2751 7:8 981173106
            new/below/d/f 4750 7:8 981173106
            there 1777 0:0
            there/d 2751 12:13 981173106
            there/d/f 4750 14:15 981173106
            """,
            space.Shell("cd image; for f in new new/below new/below/d new/below/d/f there there/d there/d/f; do stat -c '%n %a %u:%g %Y' $f; done | sed -E '/^(new|new.below|there) /s/ [0-9]+$//'").Trim());
    }

    [Fact]
    public void Directories_are_merged_and_all_else_gives_way_to_the_archive()
    {
        space.Shell("""
            mkdir -p t/dir t/was-link; echo new > t/dir/both; echo new > t/was-dir; echo new > t/was-link/in; tar -C t -cf context/a.tar dir was-dir was-link
            cd image; mkdir -p x/dir x/was-dir/full elsewhere; echo old > x/dir/both; echo old > x/dir/only; touch x/was-dir/full/f; ln -s ../elsewhere x/was-link
            """);

        space.Copy("/x/", ["a.tar"], Unpacking);

        Assert.Equal("elsewhere\nx\nx/dir\nx/dir/both\nx/dir/only\nx/was-dir\nx/was-link\nx/was-link/in", space.Image());
        Assert.Equal("new\nold\n", space.Shell("cd image/x/dir; cat both only"));
    }

    [Fact]
    public void No_entry_leaves_the_destination()
    {
        space.Shell("""
            python3 - <<'EOF'
            import tarfile, io
            with tarfile.open('context/evil.tar', 'w') as tar:
                def add(name, **fields):
                    entry = tarfile.TarInfo(name)
                    for key, value in fields.items(): setattr(entry, key, value)
                    tar.addfile(entry, io.BytesIO(b'x' * entry.size))
                add('/etc/passwd', size=1)
                add('out', type=tarfile.SYMTYPE, linkname='/')
                add('out/dropped', size=1)
                add('up', type=tarfile.SYMTYPE, linkname='../..')
                add('up/climbed', size=1)
            EOF
            """);

        space.Copy("/in/here", ["evil.tar"], Unpacking);

        Assert.Equal("in\nin/here\nin/here/climbed\nin/here/dropped\nin/here/etc\nin/here/etc/passwd\nin/here/out\nin/here/up", space.Image());
    }

    [Fact]
    public void Archives_files_and_directories_can_be_added_together()
    {
        space.Shell("mkdir t context/dir; echo x > t/f; tar -C t -cf context/one.tar f; mv t/f t/g; tar -C t -czf context/dir/two.tgz g; echo x > context/plain");

        space.Copy("/out/", ["*.tar", "plain", "dir"], Unpacking);

        // What lies in a directory is not unpacked: the directory is what was named.
        Assert.Equal("out\nout/f\nout/plain\nout/two.tgz", space.Image());
    }

    [Fact]
    public void An_archive_into_a_file_is_an_error()
    {
        space.Shell("echo x > f; tar -cf context/a.tar f; echo x > image/file");

        Assert.Equal(
            "cannot copy to '/file': there is a file where a directory has to be",
            Assert.Throws<KleeneException>(() => space.Copy("/file", ["a.tar"], Unpacking)).Message);
    }
}
