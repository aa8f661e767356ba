using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Files;

public sealed class FileListTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void It_names_what_the_digest_was_made_of_with_its_mode_and_size()
    {
        scratch.Shell("mkdir -p d/sub/empty d/ignored; printf 12345 > d/sub/file; chmod 640 d/sub/file; chmod 700 d/sub; ln -s file d/sub/link; touch d/ignored/x 'd/a b'; echo single > s; chmod 644 s 'd/a b'; chmod 755 d/sub/empty");

        var list = List("d", "s");

        Assert.Equal(
            ["d/a b Regular 644 0", "d/ignored Directory 755 0", "d/ignored/x Regular 644 0", "d/sub Directory 700 0", "d/sub/empty Directory 755 0", "d/sub/file Regular 640 5", "d/sub/link SymbolicLink 0 4", "s Regular 644 7"],
            list.Entries.Select(Text).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void It_comes_back_from_its_packed_form_as_it_was()
    {
        scratch.Shell("""mkdir -p 'd/one/two'; i=0; while [ $i -lt 300 ]; do echo $i > d/one/two/file$i; i=$((i+1)); done; python3 -c 'open(b"d/\xff\n", "w")'; ln -s x d/link; mkfifo d/pipe""");
        var list = List("d");

        var packed = list.Pack();

        Assert.Equal(list.Entries, FileList.Unpack(packed).Entries);
        Assert.InRange(packed.Length, 300 * 16, 300 * 28);
    }

    [Fact]
    public void An_empty_one_comes_back_empty() => Assert.Empty(FileList.Unpack(new FileList([]).Pack()).Entries);

    [Theory]
    [InlineData(0, 0xff)]
    [InlineData(1, 0xff)]
    [InlineData(9, 0xff)]
    public void A_damaged_one_is_refused(int at, int flip)
    {
        scratch.Shell("mkdir d; echo x > d/a; echo y > d/b");
        var packed = List("d").Pack();
        packed[at] ^= (byte)flip;

        Assert.Throws<InvalidDataException>(() => FileList.Unpack(packed));
        Assert.Throws<InvalidDataException>(() => FileList.Unpack([]));
    }

    [Theory]
    [InlineData("echo y > d/f", "changed d/f content")]
    [InlineData("echo longer > d/f", "changed d/f content")]
    [InlineData("chmod 600 d/f", "changed d/f mode")]
    [InlineData("echo y > d/f; chmod 600 d/f", "changed d/f content,mode")]
    [InlineData("rm d/f; ln -s x d/f", "changed d/f kind")]
    [InlineData("ln -sfn other d/l", "changed d/l target")]
    [InlineData("mv d/f d/F", "added d/F |removed d/f ")]
    [InlineData("rm -r d/sub", "removed d/sub |removed d/sub/g ")]
    [InlineData("mkdir d/more", "added d/more ")]
    [InlineData("chmod 700 d/sub", "changed d/sub mode")]
    [InlineData("""python3 -c 'import os; os.setxattr("d/sub", "user.x", b"1")' """, "changed d/sub attributes")]
    [InlineData("touch d/f", "")]
    public void A_later_list_tells_what_changed_and_how(string change, string expected)
    {
        scratch.Shell("mkdir -p d/sub; echo x > d/f; echo z > d/sub/g; ln -s x d/l; chmod 644 d/f; chmod 755 d/sub");
        var before = List("d");

        scratch.Shell(change);

        var told = before.Compare(List("d")).Select(file => $"{file.Change} {file.Path} {string.Join(',', file.Aspects)}");
        Assert.Equal(expected, string.Join('|', told));
    }

    /// <summary>Names and content of a random tree are other exactly when the digest is another.</summary>
    [Fact]
    public void It_differs_exactly_when_the_digest_does()
    {
        var random = new Random(7);
        var seen = new Dictionary<Digest, string>();
        for (var round = 0; round < 200; round++)
        {
            scratch.Shell("rm -rf d; mkdir d");
            for (var i = 0; i < 4; i++)
            {
                var path = new[] { "a", "b", "c/a", "c/b", "c/d/a" }[random.Next(5)];
                scratch.Write($"d/{path}", new[] { "", "1", "2" }[random.Next(3)]);
            }

            var (digest, list) = Hash("d");
            var text = string.Join('\n', list.Entries.Select(entry => $"{Text(entry)} {entry.Hash}"));

            Assert.Equal(text, seen.GetValueOrDefault(digest, text));
            Assert.DoesNotContain(seen, other => other.Key != digest && other.Value == text);
            seen[digest] = text;
        }

        Assert.InRange(seen.Count, 30, 199);
    }

    private static string Text(FileListEntry entry) => $"{entry.Path} {entry.Kind} {Convert.ToString((int)entry.Permissions, 8)} {entry.Size}";

    private FileList List(params string[] sources) => Hash(sources).List;

    private (Digest Digest, FileList List) Hash(params string[] sources)
    {
        using var root = RootedDirectory.Open(scratch.Path);
        var digester = new TreeDigester(root, cache: null, CancellationToken.None, keepsList: true);
        foreach (var source in sources)
        {
            if (Directory.Exists(scratch[source]))
            {
                digester.AddContents(source, filter: null);
            }
            else
            {
                digester.AddFile(source, source);
            }
        }

        return (digester.Finish(), digester.List());
    }
}
