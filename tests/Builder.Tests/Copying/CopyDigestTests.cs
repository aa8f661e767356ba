using Kleene.Build.Builder.Contexts;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Builder.Tests.Copying;

/// <summary>Equal digests exactly where COPY makes equal trees.</summary>
public sealed class CopyDigestTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("echo y > c/d/f")]
    [InlineData("chmod 600 c/d/f")]
    [InlineData("chmod 4755 c/d/f")]
    [InlineData("chmod 700 c/d")]
    [InlineData("mv c/d/f c/d/g")]
    [InlineData("mv c/d c/e")]
    [InlineData("ln -sf other c/l")]
    [InlineData("rm c/l; echo target > c/l")]
    [InlineData("mkdir c/empty")]
    [InlineData("touch c/empty-file")]
    [InlineData("rm c/l")]
    [InlineData("rm c/second; ln c/d/f c/second")]
    [InlineData("""python3 -c 'import os; os.setxattr("c/d/f", "user.x", b"1")' """)]
    [InlineData("""python3 -c 'import os; os.setxattr("c/d", "user.x", b"1")' """)]
    [InlineData("mkfifo c/pipe")]
    public void A_change_that_the_image_would_see_changes_the_digest(string change)
    {
        Prepare();
        var before = Digest(".");

        scratch.Shell(change);

        Assert.NotEqual(before, Digest("."));
    }

    [Theory]
    [InlineData("touch c/d/f c/d c")]
    [InlineData("cp c/d/f t; cat t > c/d/f")]
    [InlineData("cp c/d/f t; rm c/d/f; cp -p t c/d/f")]
    [InlineData("mv c x; mv x c")]
    [InlineData("cp -r c x; chmod --reference=c/d x/d; rm -r c; mv x c")]
    [InlineData("chmod 700 c")]
    [InlineData("ln c/d/f elsewhere")]
    [InlineData("""python3 -c 'import os; os.setxattr("c/d/f", "trusted.overlay.origin", b"1") if os.geteuid() == 0 else None' """)]
    public void A_change_that_the_image_would_not_see_changes_nothing(string change)
    {
        Prepare();
        var before = Digest(".");

        scratch.Shell(change);

        Assert.Equal(before, Digest("."));
    }

    [Fact]
    public void Where_a_directory_is_makes_no_difference_but_what_a_file_is_called_does()
    {
        scratch.Shell("mkdir -p c/one/two c/three; echo x > c/one/two/f; echo x > c/three/f; echo x > c/g");

        Assert.Equal(Digest("one/two"), Digest("three"));
        Assert.Equal(Digest("one/two/f"), Digest("three/f"));
        Assert.NotEqual(Digest("three/f"), Digest("g"));
        Assert.NotEqual(Digest("three/f", "g"), Digest("g", "three/f"));
        Assert.NotEqual(Digest("three"), Digest("three/f"));
    }

    [Fact]
    public void What_is_ignored_makes_no_difference()
    {
        Prepare();
        scratch.Write("c/.dockerignore", "*.log\nout\n!out/kept\n");
        var before = Digest("d", ".");

        scratch.Write("c/noise.log", "1");
        scratch.Write("c/out/noise", "1");
        var withNoise = Digest("d", ".");
        scratch.Write("c/out/kept", "1");

        Assert.Equal(before, withNoise);
        Assert.NotEqual(before, Digest("d", "."));
    }

    /// <summary>Random trees from a small stock of names and contents, so that equal ones turn up; GNU find says which are.</summary>
    [Fact]
    public void Trees_are_equal_exactly_when_their_digests_are()
    {
        var random = new Random(42);
        var byTree = new Dictionary<string, Digest>();
        var byDigest = new Dictionary<Digest, string>();
        for (var round = 0; round < 150; round++)
        {
            scratch.Shell("rm -rf c; mkdir c");
            Grow(random, scratch["c"], depth: 2);
            var tree = scratch.Shell("""
                cd c; find . -mindepth 1 \( -type f -printf '%P f %m ' -exec cat {} \; -o -type l -printf '%P l %l\n' -o -printf '%P %y %m\n' \) | LC_ALL=C sort
                find . -type f -links +1 -printf '%i %P\n' | sort | awk '{ print (seen[$1] ? seen[$1] : $2), $2; if (!seen[$1]) seen[$1] = $2 }' | sort
                """);

            var digest = Digest(".");

            Assert.Equal(byTree.GetValueOrDefault(tree, digest), digest);
            Assert.Equal(byDigest.GetValueOrDefault(digest, tree), tree);
            byTree[tree] = digest;
            byDigest[digest] = tree;
        }

        Assert.InRange(byTree.Count, 20, 149);
    }

    [Fact]
    public void A_digest_does_not_depend_on_how_a_large_directory_is_split_among_threads()
    {
        scratch.Shell("mkdir -p c/big; cd c/big; i=0; while [ $i -lt 1000 ]; do echo $i > f$i; i=$((i+1)); done");
        var first = Digest(".");

        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal(first, Digest(".")));
    }

    [Fact]
    public void What_is_copied_has_the_digest_of_its_source()
    {
        Prepare();
        scratch.Shell("mkdir image");
        using var context = BuildContext.Open(scratch["c"], kleenefile: null, cacheDirectory: null);
        var plan = CopyPlanner.Plan(context.Files, ["."], "/");

        CopyExecutor.Execute(plan, scratch["image"], new CopyManner(), CancellationToken.None);

        using var image = RootedDirectory.Open(scratch["image"]);
        var copied = CopyPlanner.Plan(new SourceTree(image, IgnoreFile.Empty, "stage 'a'"), ["/"], "/");
        Assert.Equal(plan.ComputeDigest(cache: null, CancellationToken.None), copied.ComputeDigest(cache: null, CancellationToken.None));
    }

    private static void Grow(Random random, string directory, int depth)
    {
        foreach (var name in new[] { "a", "b" })
        {
            var path = Path.Combine(directory, name);
            switch (random.Next(depth > 1 ? 6 : 5))
            {
                case 0 or 1:
                    File.WriteAllText(path, random.Next(2) == 0 ? "x\n" : "y\n");
                    File.SetUnixFileMode(path, random.Next(3) == 0 ? UnixFileMode.UserRead : UnixFileMode.UserRead | UnixFileMode.UserWrite);
                    break;
                case 2:
                    File.CreateSymbolicLink(path, "x");
                    break;
                case 5:
                    Directory.CreateDirectory(path);
                    Grow(random, path, depth - 1);
                    break;
            }
        }
    }

    private void Prepare() => scratch.Shell("""
        mkdir -p c/d; echo x > c/d/f; chmod 644 c/d/f; cp c/d/f c/second; ln -s target c/l
        """);

    private Digest Digest(params string[] sources)
    {
        using var context = BuildContext.Open(scratch["c"], kleenefile: null, cacheDirectory: null);
        return CopyPlanner.Plan(context.Files, [.. sources], "/x/").ComputeDigest(cache: null, CancellationToken.None);
    }
}
