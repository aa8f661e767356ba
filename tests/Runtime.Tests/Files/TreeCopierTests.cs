using Kleene.Build.Runtime.Files;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Files;

public sealed class TreeCopierTests : IDisposable
{
    /// <summary>Everything about a tree that a copy has to keep: GNU find's format, then attributes and content.</summary>
    private const string Describe = """
        find . -mindepth 1 -printf '%P|%y|%m|%U:%G|%s|%l|%T@|%n\n' | sed -E 's/^([^|]*\|d\|[^|]*\|[^|]*)\|[^|]*/\1/' | LC_ALL=C sort
        find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
        find . \( -type c -o -type b \) -exec stat -c '%n %t:%T' {} + | sort
        getfattr -R -h -m '^(user|security.cap)' -d . 2>/dev/null || true
        """;

    private readonly ScratchDirectory scratch = new();

    public TreeCopierTests() => scratch.Shell("mkdir from to");

    public void Dispose() => scratch.Dispose();

    [RootFact]
    public void A_copy_that_keeps_owners_is_like_the_original()
    {
        scratch.Shell("""
            cd from
            mkdir -p 'a b/deep' sticky ro
            printf 'x' > 'a b/file "quoted"'; printf 'long' > "$(printf 'new\nline')"; printf 'raw' > "$(printf 'raw\377name')"
            ln 'a b/file "quoted"' 'a b/deep/same'
            ln -s /etc/passwd absolute; ln -s ../.. up; ln -s nowhere dangling
            mkfifo pipe; mknod null c 1 3; mknod disk b 259 70000
            head -c 300000 /dev/urandom > big; : > empty
            truncate -s 5000000 hole; printf end >> hole
            cp /bin/true suid; chown 7:8 suid; chmod 4755 suid; chmod 1777 sticky; chown 1000:1001 ro
            touch -d '1999-01-02 03:04:05.678901234' big 'a b/deep' ; touch -h -d '2001-01-01' dangling
            chmod 0 empty; chmod 555 ro
            """);

        Copy(owner: null);

        Assert.Equal(scratch.Shell("cd from; " + Describe), scratch.Shell("cd to; " + Describe));
        Assert.True(scratch.Shell("stat -c %b to/hole").Trim() is var blocks && int.Parse(blocks, System.Globalization.CultureInfo.InvariantCulture) < 100, blocks);
    }

    /// <summary>A linked file whose first name a later source takes: the others are what they were, whichever of two threads is faster, and whatever number the new file has.</summary>
    [Fact]
    public void A_name_that_a_later_source_takes_is_linked_to_no_longer()
    {
        scratch.Shell("mkdir -p from/one from/two/deep; echo first > from/one/a; echo second > from/two/a; ln from/one/a from/two/deep/z; ln from/one/a from/two/y");
        using var source = RootedDirectory.Open(scratch["from"]);
        for (var round = 0; round < 200; round++)
        {
            Directory.CreateDirectory(scratch[$"to/{round}"]);
            using var target = RootedDirectory.Open(scratch[$"to/{round}"]);
            var copier = new TreeCopier(source, target, owner: null, CancellationToken.None);

            copier.CopyContents("one", ".", filter: null);
            copier.CopyContents("two", ".", filter: null);

            Assert.Equal("second\nfirst\nfirst\n1 2 2 \n", scratch.Shell($"cd to/{round}; cat a y deep/z; stat -c %h a y deep/z | tr '\\n' ' '; echo"));
        }
    }

    [RootFact]
    public void Extended_attributes_are_kept_but_not_those_of_overlayfs()
    {
        File.WriteAllText(scratch["from/file"], "x");
        scratch.Shell("""
            mkdir from/dir
            python3 - <<'P'
            import os
            os.setxattr("from/file", "user.note", b"\x00\xffbin")
            os.setxattr("from/dir", "user.on-dir", b"")
            os.setxattr("from/dir", "trusted.overlay.opaque", b"y")
            os.setxattr("from/file", "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))
            P
            """);

        Copy(FileOwner.Root);

        var names = scratch.Shell("""python3 -c 'import os; print(sorted(os.listxattr("to/file")), os.getxattr("to/file","user.note"), sorted(os.listxattr("to/dir")))' """);
        Assert.Equal("""['security.capability', 'user.note'] b'\x00\xffbin' ['user.on-dir']""", names.Trim());
    }

    [RootFact]
    public void An_owner_that_is_asked_for_is_given_to_everything()
    {
        scratch.Shell("cd from; mkdir d; : > d/f; ln -s x l; chown -hR 1000:1000 .; chmod 6755 d/f");

        Copy(FileOwner.Root);

        Assert.Equal("d 0:0 755\nd/f 0:0 6755\nl 0:0 777", scratch.Shell("cd to; find . -mindepth 1 -printf '%P %U:%G %m\n' | sort").Trim());
    }

    [Fact]
    public void A_directory_is_merged_file_by_file()
    {
        scratch.Write("from/d/new", "new");
        scratch.Write("from/d/both", "from");
        scratch.Write("to/d/both", "to");
        scratch.Write("to/d/old", "old");
        scratch.Shell("ln to/d/both to/other-name");

        Copy(FileOwner.Root);

        Assert.Equal("from", File.ReadAllText(scratch["to/d/both"]));
        Assert.Equal("old", File.ReadAllText(scratch["to/d/old"]));
        Assert.Equal("new", File.ReadAllText(scratch["to/d/new"]));
        Assert.Equal("to", File.ReadAllText(scratch["to/other-name"]));
    }

    [Fact]
    public void A_directory_does_not_replace_a_file()
    {
        scratch.Write("from/name/x", "");
        scratch.Write("to/name", "");

        var exception = Assert.Throws<KleeneException>(() => Copy(FileOwner.Root));

        Assert.Equal("cannot copy directory 'name' to 'name': there is a file of that name", exception.Message);
    }

    [Fact]
    public void A_file_does_not_replace_a_directory()
    {
        scratch.Write("from/name", "");
        scratch.MakeDirectory("to/name");

        var exception = Assert.Throws<KleeneException>(() => Copy(FileOwner.Root));

        Assert.Equal("cannot copy a file to 'name': there is a directory of that name", exception.Message);
    }

    [Fact]
    public void A_link_in_the_target_is_replaced_by_a_file_and_followed_by_a_directory_inside_the_root()
    {
        scratch.Write("outside/kept", "kept");
        scratch.Write("from/file", "new");
        scratch.Write("from/bin/tool", "tool");
        scratch.Shell($"ln -s '{scratch["outside/kept"]}' to/file; mkdir -p to/usr/bin; chmod 711 to/usr/bin; ln -s /usr/bin to/bin");

        Copy(FileOwner.Root);

        Assert.Equal("kept", File.ReadAllText(scratch["outside/kept"]));
        Assert.Equal("tool", File.ReadAllText(scratch["to/usr/bin/tool"]));
        Assert.Equal("regular file /usr/bin 711", scratch.Shell("stat -c %F to/file; readlink to/bin; stat -c %a to/usr/bin").Trim().ReplaceLineEndings(" "));
    }

    [Fact]
    public void A_link_in_the_target_that_leads_outside_is_refused()
    {
        scratch.MakeDirectory("outside");
        scratch.Write("from/dir/file", "new");
        scratch.Shell($"ln -s '{scratch["outside"]}' to/dir");

        Assert.Throws<KleeneException>(() => Copy(FileOwner.Root));

        Assert.Empty(Directory.GetFileSystemEntries(scratch["outside"]));
    }

    [Fact]
    public void Names_of_one_file_stay_names_of_one_file_in_large_directories_too()
    {
        scratch.Shell("""
            cd from; i=0; mkdir d e
            while [ $i -lt 700 ]; do echo $i > d/f$i; ln d/f$i e/g$i; i=$((i+1)); done
            """);

        Copy(FileOwner.Root);

        Assert.Equal("700", scratch.Shell("find to -type f -links 2 -printf '%i\n' | sort -u | wc -l").Trim());
        Assert.Equal("same", scratch.Shell("for i in 0 77 699; do test to/d/f$i -ef to/e/g$i; done; echo same").Trim());
    }

    [Fact]
    public void Names_of_one_file_take_the_places_of_other_files()
    {
        scratch.Shell("echo new > from/a; for name in b c d; do ln from/a from/$name; done; mkdir -p to; for name in a b c d; do echo old > to/$name; done");

        Copy(FileOwner.Root);

        Assert.Equal("new new new new", scratch.Shell("cat to/a to/b to/c to/d").Trim().ReplaceLineEndings(" "));
        Assert.Equal("4 4 4 4", scratch.Shell("stat -c %h to/a to/b to/c to/d").Trim().ReplaceLineEndings(" "));
    }

    [Fact]
    public void What_the_filter_leaves_out_is_not_copied_and_a_directory_it_only_descends_into_is_made_when_needed()
    {
        scratch.Write("from/no/deep/no/yes", "1");
        scratch.Write("from/no/empty/no", "2");
        scratch.Write("from/out/yes", "3");
        scratch.Shell("chmod 750 from/no from/no/deep; touch -d 2010-01-01 from/no/deep from/no from/no/deep/no");

        Copy(FileOwner.Root, new YesFilter());

        Assert.Equal("no\nno/deep\nno/deep/no\nno/deep/no/yes", scratch.Shell("cd to; find . -mindepth 1 -printf '%P\n' | sort").Trim());
        Assert.Equal("750 2010 750 2010", scratch.Shell("cd to; stat -c '%a %y' no no/deep | cut -c1-8").Trim().ReplaceLineEndings(" "));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_an_error_that_names_it()
    {
        scratch.Write("from/file", "x");
        using var source = RootedDirectory.Open(scratch["from"]);
        using var target = RootedDirectory.Open("/proc");

        var exception = Assert.Throws<FileOperationException>(() => new TreeCopier(source, target, FileOwner.Root, default).CopyContents("", "", filter: null));

        Assert.StartsWith("cannot create 'file': ", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>A directory of the source is a link to the outside half of the time; the walk may fail, but not follow it.</summary>
    [Fact]
    public void A_directory_that_is_swapped_for_a_link_all_the_time_is_not_followed()
    {
        scratch.Write("outside/secret", "secret");
        scratch.Write("from/d/e/f/public", "public");
        scratch.Shell($"ln -s '{scratch["outside"]}' link");
        using var stop = new CancellationTokenSource();
        var swapper = new Thread(() =>
        {
            using var root = RootedDirectory.Open(scratch.Path);
            while (!stop.IsCancellationRequested)
            {
                root.Rename("from/d/e/f", "aside");
                root.Rename("link", "from/d/e/f");
                root.Rename("from/d/e/f", "link");
                root.Rename("aside", "from/d/e/f");
            }
        });
        swapper.Start();

        try
        {
            for (var i = 0; i < 60; i++)
            {
                try
                {
                    Copy(FileOwner.Root);
                }
                catch (FileChangedException)
                {
                    // Half way between the two; the next round may be luckier.
                }

                Assert.Equal("", scratch.Shell("find to -name secret; rm -rf to/d"));
            }
        }
        finally
        {
            stop.Cancel();
            swapper.Join();
        }
    }

    [Fact]
    public void A_cancelled_copy_stops()
    {
        scratch.Write("from/file", "x");
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        using var source = RootedDirectory.Open(scratch["from"]);
        using var target = RootedDirectory.Open(scratch["to"]);

        Assert.Throws<OperationCanceledException>(() => new TreeCopier(source, target, FileOwner.Root, cancelled.Token).CopyContents("", "", filter: null));
    }

    private void Copy(FileOwner? owner, ITreeFilter? filter = null)
    {
        using var source = RootedDirectory.Open(scratch["from"]);
        using var target = RootedDirectory.Open(scratch["to"]);
        new TreeCopier(source, target, owner, CancellationToken.None).CopyContents("", "", filter);
    }

    /// <summary>Wants files called yes, and leaves the directory called out alone.</summary>
    private sealed class YesFilter : ITreeFilter
    {
        public TreeVerdict Judge(ReadOnlySpan<byte> name, bool isDirectory) =>
            isDirectory ? name.SequenceEqual("out"u8) ? TreeVerdict.Exclude : TreeVerdict.Descend
            : name.SequenceEqual("yes"u8) ? TreeVerdict.Include
            : TreeVerdict.Exclude;

        public ITreeFilter Enter(ReadOnlySpan<byte> name) => this;
    }
}
