using Kleene.Build.Builder.Contexts;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Builder.Tests.Copying;

/// <summary>COPY from a context into an image's tree, as the Dockerfile reference and BuildKit have it.</summary>
public sealed class CopyTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();

    public CopyTests() => scratch.Shell("mkdir context image");

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void A_file_is_copied_to_a_name()
    {
        scratch.Write("context/a b.txt", "x");

        Copy("/new/dir/name", "a b.txt");

        Assert.Equal("new\nnew/dir\nnew/dir/name", Image());
        Assert.Equal("755 755", scratch.Shell("stat -c %a image/new image/new/dir").Trim().ReplaceLineEndings(" "));
    }

    [Theory]
    [InlineData("/dir/")]
    [InlineData("/dir/.")]
    [InlineData("/there")]
    public void A_file_goes_into_a_directory_that_is_named_so_or_is_there(string destination)
    {
        scratch.Write("context/sub/file", "x");
        scratch.MakeDirectory("image/there");

        Copy(destination, "sub/file");

        Assert.True(File.Exists(scratch["image" + destination.TrimEnd('.') + "/file"]));
    }

    [Theory]
    [InlineData("sub")]
    [InlineData("sub/")]
    [InlineData("./sub/.")]
    [InlineData("/sub")]
    [InlineData("../../sub")]
    [InlineData("s?b")]
    public void A_directory_gives_its_contents(string source)
    {
        scratch.Write("context/sub/file", "x");
        scratch.Write("context/sub/deep/.hidden", "x");
        scratch.Write("context/other", "x");

        Copy("/app", source);

        Assert.Equal("app\napp/deep\napp/deep/.hidden\napp/file", Image());
    }

    /// <summary>The tree of a step that failed has to be unmounted.</summary>
    [RootFact]
    public void A_copy_that_fails_half_way_leaves_nothing_open()
    {
        using var space = new CopySpace();
        space.Shell("for i in 1 2 3 4 5 6 7 8 9; do mkdir -p context/$i/in; touch context/$i/file context/$i/in/file; done; mkdir -p image/dst/5/file");

        Assert.Throws<KleeneException>(() => space.Copy("/dst/", ["."]));

        Assert.DoesNotContain(Directory.GetFiles("/proc/self/fd").Select(file => new FileInfo(file).LinkTarget), target => target?.StartsWith(space["image"], StringComparison.Ordinal) == true);
    }

    [RootFact]
    public void What_is_copied_belongs_to_the_superuser_and_keeps_its_mode_and_time()
    {
        scratch.Shell("""
            cd context; mkdir -m 700 d; echo x > d/f; chmod 640 d/f; chown -R 1000:1000 .; touch -d '2020-02-02 02:02:02.123456789 UTC' d/f d; chmod 711 .
            """);

        Copy("/app/", ".");

        Assert.Equal("app 755 0:0\napp/d 700 0:0\napp/d/f 640 0:0", scratch.Shell("cd image; find . -mindepth 1 -printf '%P %m %U:%G\n' | sort").Trim());
        Assert.Equal("1580608922.1234567890 1580608922.1234567890", scratch.Shell("cd image; find app/d -printf '%T@\n'").Trim().ReplaceLineEndings(" "));
    }

    [RootFact]
    public void What_is_copied_and_the_directories_made_for_it_get_the_owner_and_the_mode()
    {
        Users();
        scratch.Shell("cd context; mkdir -m 700 d; echo x > d/f; chmod 640 d/f; ln -s f d/link; mkdir ../image/there; chmod 711 ../image/there");

        Copy(Manner("web:www", "0750"), "/new/below/", "d/f");
        Copy(Manner("web", "u=rwX,go=rX"), "/there/", ".");

        Assert.Equal(
            """
            new 750 1000:33
            new/below 750 1000:33
            new/below/f 750 1000:33
            there 711 0:0
            there/d 755 1000:33
            there/d/f 644 1000:33
            there/d/link 777 1000:33
            """,
            scratch.Shell("cd image; find . -mindepth 1 -not -path './etc*' -printf '%P %m %U:%G\n' | sort").Trim());
    }

    [RootTheory]
    [InlineData("web", "1000:33")]
    [InlineData("1000", "1000:1000")]
    [InlineData("root", "0:0")]
    [InlineData("crlf", "1003:5")]
    [InlineData("web:www", "1000:33")]
    [InlineData("7:www", "7:33")]
    [InlineData("web:8", "1000:8")]
    [InlineData(":www", "0:33")]
    [InlineData("4294967294", "4294967294:4294967294")]
    [InlineData("crlf:12 monkeys", "1003:12")]
    public void An_owner_is_found_in_the_image_s_own_files(string owner, string numbers)
    {
        Users();
        scratch.Write("context/f", "x");

        Copy(Manner(owner, ""), "/f", "f");

        Assert.Equal(numbers, scratch.Shell("stat -c %u:%g image/f").Trim());
    }

    [Theory]
    [InlineData("wep", "the user 'wep' is not in /etc/passwd of the image; did you mean 'web'?")]
    [InlineData("web:ww", "the group 'ww' is not in /etc/group of the image; did you mean 'www'?")]
    [InlineData("broken", "the user 'broken' is not in /etc/passwd of the image; give a number")]
    [InlineData("-1", "the user '-1' is not in /etc/passwd of the image; give a number")]
    [InlineData("4294967295", "the user '4294967295' is not in /etc/passwd of the image; give a number")]
    public void An_owner_that_the_image_does_not_know_is_an_error_with_the_nearest(string owner, string message)
    {
        Users();
        scratch.Write("context/f", "x");

        Assert.Equal(message, Assert.Throws<KleeneException>(() => Copy(Manner(owner, ""), "/f", "f")).Message);
    }

    [Fact]
    public void An_image_without_users_knows_none()
    {
        scratch.Write("context/f", "x");
        scratch.Shell("mkdir image/etc; ln -s /etc/nowhere image/etc/passwd");

        Assert.Equal(
            "the user 'web' is not in /etc/passwd of the image; give a number",
            Assert.Throws<KleeneException>(() => Copy(Manner("web", ""), "/f", "f")).Message);
        Copy(Manner("root:root", ""), "/f", "f");
        Assert.True(File.Exists(scratch["image/f"]));
    }

    [Theory]
    [InlineData("*.log", "x\nx/b.txt\nx/sub\nx/sub/c.log\nx/sub/deep\nx/sub/deep/#d\nx/sub/keep.log")]
    [InlineData("**/*.log", "x\nx/b.txt\nx/sub\nx/sub/deep\nx/sub/deep/#d")]
    [InlineData("**/*.log !sub/keep.log #d", "x\nx/b.txt\nx/sub\nx/sub/deep\nx/sub/deep/#d\nx/sub/keep.log")]
    [InlineData("sub !sub/keep.log", "x\nx/a.log\nx/b.txt\nx/sub\nx/sub/keep.log")]
    [InlineData("dir/sub", "x\nx/a.log\nx/b.txt\nx/sub\nx/sub/c.log\nx/sub/deep\nx/sub/deep/#d\nx/sub/keep.log")]
    [InlineData("/sub/ **/#d", "x\nx/a.log\nx/b.txt")]
    [InlineData("**", "x")]
    public void What_is_excluded_of_a_directory_is_found_by_its_path_there(string patterns, string copied)
    {
        Logs();

        Copy(patterns.Split(' '), "/x", "dir");

        Assert.Equal(copied, Image());
    }

    [Fact]
    public void An_excluded_file_is_found_by_its_name_and_the_ignore_file_goes_on_holding()
    {
        Logs();
        scratch.Write("context/.dockerignore", "**/keep.log\n");

        Copy(["*.log"], "/y/", "dir/*");
        Copy(["!**/keep.log"], "/z/", "dir/sub");

        Assert.Equal("y\ny/b.txt\ny/deep\ny/deep/#d\nz\nz/c.log\nz/deep\nz/deep/#d", Image());
    }

    [Fact]
    public void What_is_excluded_does_not_count_for_the_digest()
    {
        Logs();
        var before = Digest("**/*.log");
        scratch.Write("context/dir/sub/c.log", "changed");

        Assert.Equal(before, Digest("**/*.log"));
        Assert.NotEqual(before, Digest("*.log"));
    }

    [Fact]
    public void An_exclusion_that_is_no_pattern_is_an_error()
    {
        Logs();

        Assert.Equal(
            "--exclude:2: '[a' is not a pattern; close its '[' or write '\\' before what stands for itself",
            Assert.Throws<KleeneException>(() => Copy(["x", "[a"], "/x/", "dir")).Message);
    }

    [Theory]
    [InlineData("/link/below/", "f", "link\nlink/below\nlink/below/f\nreal\nreal/d")]
    [InlineData("/link", "f", "link\nreal\nreal/d")]
    [InlineData("/link/", "f", "link\nlink/f\nreal\nreal/d")]
    [InlineData("/", ".", "f\nlink\nlink/d\nlink/d/g\nreal\nreal/d")]
    [InlineData("/real/", "f", "link\nreal\nreal/d\nreal/f")]
    public void A_linked_copy_replaces_links_of_the_image(string destination, string source, string after)
    {
        scratch.Write("context/f", "x");
        scratch.Write("context/link/d/g", "x");
        scratch.Shell("mkdir -p image/real/d; ln -s real image/link");

        Copy(new CopyManner { LiesOver = true, Mode = ModeChange.TryParse("755") }, destination, source);

        Assert.Equal(after, Image());
        Assert.Equal(destination == "/real/", File.ResolveLinkTarget(scratch["image/link"], returnFinalTarget: false) is not null);
    }

    [Fact]
    public void Several_files_make_a_directory_of_what_is_not_there_and_refuse_a_file()
    {
        scratch.Write("context/a", "");
        scratch.Write("context/b", "");

        Copy("/x/", "a", "b");
        Copy("/y", "a", "b");
        Copy("/z", "?");

        Assert.Equal("x\nx/a\nx/b\ny\ny/a\ny/b\nz", Image());
        Assert.Equal("'/x/a' is a file and cannot take 2; name a directory", Assert.Throws<KleeneException>(() => Copy("/x/a", "a", "b")).Message);
    }

    [Theory]
    [InlineData("*.txt", "dest/arr[0].txt\ndest/one.txt\ndest/two words.txt")]
    [InlineData("arr[[]0].txt", "dest/arr[0].txt")]
    [InlineData("[^a]*.txt", "dest/one.txt\ndest/two words.txt")]
    [InlineData("*/*.txt", "dest/below.txt")]
    [InlineData("su*/../one.txt", "dest/one.txt")]
    [InlineData("*.none", "")]
    public void A_wildcard_takes_what_matches_and_may_match_nothing(string source, string copied)
    {
        foreach (var name in new[] { "one.txt", "two words.txt", "arr[0].txt", "other", "sub/below.txt" })
        {
            scratch.Write("context/" + name, "");
        }

        Copy("/dest/", source);

        Assert.Equal(copied.Length == 0 ? "" : "dest\n" + copied, Image());
    }

    [Fact]
    public void A_missing_source_is_named_with_the_nearest_that_is_there()
    {
        scratch.Write("context/src/package.json", "");
        var context = scratch["context"];

        Assert.Equal($"there is no 'src/pakcage.json' in the build context '{context}'; did you mean 'src/package.json'?", Error("src/pakcage.json"));
        Assert.Equal($"there is no 'SRC/x/y' in the build context '{context}'; did you mean 'src'?", Error("SRC/x/y"));
        Assert.Equal($"there is no '/etc/passwd' in the build context '{context}'", Error("/etc/passwd"));
        Assert.Equal($"there is no '../secret' in the build context '{context}'", Error("../secret"));
    }

    [Fact]
    public void A_missing_source_may_lie_elsewhere_or_be_nearly_what_is_ignored()
    {
        scratch.Write("context/src/main/app.config.json", "");
        scratch.Write("context/secret.env", "");
        scratch.Write("context/.dockerignore", "# no secrets\n*.env\n");
        var context = scratch["context"];

        Assert.Equal($"there is no 'app.config.json' in the build context '{context}'; did you mean 'src/main/app.config.json'?", Error("app.config.json"));
        Assert.Equal($"there is no 'secrets.env' in the build context '{context}'; 'secret.env' is left out by '*.env' (.dockerignore:2)", Error("secrets.env"));
    }

    [Fact]
    public void An_ignored_source_is_named_with_the_rule_that_ignores_it()
    {
        scratch.Write("context/logs/a.log", "");
        scratch.Write("context/.dockerignore", "# build products\n*.tmp\nlogs\n");

        Assert.Equal(
            "'logs/a.log' is left out of the build context by 'logs' (.dockerignore:3); take that rule away or add '!logs/a.log' below it",
            Error("logs/a.log"));
        Assert.Equal("", Copy("/x/", "l*"));
    }

    [Fact]
    public void What_is_ignored_is_not_copied_and_what_is_taken_back_is()
    {
        scratch.Write("context/.kleeneignore", "node_modules\n**/*.log\n!important.log\nsecret/*\n!secret/public\nonly\n!only/this/file");
        foreach (var name in new[] { "node_modules/m/index.js", "a.log", "important.log", "secret/key", "secret/public/x", "only/that", "only/this/file", "src/b.log" })
        {
            scratch.Write("context/" + name, "");
        }

        Copy("/", ".");

        Assert.Equal(
            ".kleeneignore\nimportant.log\nonly\nonly/this\nonly/this/file\nsecret\nsecret/public\nsecret/public/x\nsrc", Image());
    }

    [Fact]
    public void A_link_as_a_source_is_followed_inside_the_context_and_kept_below_it()
    {
        scratch.Write("context/real/file", "x");
        scratch.Shell("cd context; ln -s /real link; ln -s file real/inner; ln -s /etc/passwd evil; ln -s link twice");

        Copy("/a/", "twice");
        Copy("/f", "link/inner");

        Assert.Equal("a\na/file\na/inner\nf", Image());
        Assert.Equal("file", scratch.Shell("readlink image/a/inner").Trim());
        Assert.Equal("'evil' is a link in the build context that leads nowhere: '/etc/passwd'", Error("evil"));
    }

    [Fact]
    public void A_link_in_the_image_is_followed_inside_the_image_only()
    {
        scratch.Write("context/passwd", "new");
        scratch.Write("outside/passwd", "kept");
        scratch.Shell($"""
            ln -s '{scratch["outside"]}' image/dir; ln -s '{scratch["outside/passwd"]}' image/file; ln -s ../../../../../etc image/up; ln -s /data/x image/new
            """);

        foreach (var destination in new[] { "/dir/", "/file", "/up/passwd", "/new", "/../../../" })
        {
            Copy(destination, "passwd");
        }

        Assert.Equal("kept", File.ReadAllText(scratch["outside/passwd"]));
        Assert.Equal(["passwd"], Directory.GetFileSystemEntries(scratch["outside"]).Select(Path.GetFileName));
        Assert.Equal("new new new", scratch.Shell("cat image/etc/passwd; echo; cat image/data/x; echo; cat image/passwd").ReplaceLineEndings(" "));
    }

    [Fact]
    public void A_file_where_a_directory_has_to_be_is_an_error()
    {
        scratch.Write("context/d/f", "");
        scratch.Write("image/file", "");

        foreach (var (destination, source) in new[] { ("/file", "d"), ("/file/", "d/f"), ("/file/below", "d/f") })
        {
            var exception = Assert.Throws<KleeneException>(() => Copy(destination, source));
            Assert.Equal($"cannot copy to '{destination}': there is a file where a directory has to be", exception.Message);
        }
    }

    [RootFact]
    public void Names_of_any_bytes_and_files_of_any_kind_are_copied()
    {
        scratch.Shell("""
            cd context; echo 1 > "$(printf 'a\nb')"; echo 2 > "$(printf 'raw\377')"; echo 3 > "quote\"'"; mknod dev c 1 3; mkfifo pipe; mkdir empty
            python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
            """);

        Copy("/", ".");

        scratch.Shell("rm context/socket");
        Assert.Equal(scratch.Shell("cd context; find . -mindepth 1 -printf '%P %y %m\\0' | sort -z"), scratch.Shell("cd image; find . -mindepth 1 -printf '%P %y %m\\0' | sort -z"));
    }

    [Fact]
    public void Hard_links_hold_between_the_sources_of_one_copy()
    {
        scratch.Write("context/one/f", "x");
        scratch.Shell("cd context; mkdir two; ln one/f two/g; ln one/f h");

        Copy("/d/", "one", "two", "h");

        Assert.Equal("3 3 3", scratch.Shell("stat -c %h image/d/f image/d/g image/d/h").Trim().ReplaceLineEndings(" "));
    }

    [Fact]
    public void A_change_between_the_digest_and_the_copy_is_found()
    {
        scratch.Write("context/d/a", "old");
        using var context = BuildContext.Open(scratch["context"], kleenefile: null, cacheDirectory: null);
        var plan = CopyPlanner.Plan(context.Files, ["d"], "/x/");
        plan.ComputeDigest(cache: null, CancellationToken.None);

        scratch.Write("context/d/b", "more");

        var exception = Assert.Throws<FileChangedException>(() => CopyExecutor.Execute(plan, scratch["image"], new CopyManner(), CancellationToken.None));
        Assert.Equal("files in the build context changed while they were being copied; build again when nothing writes to them", exception.Message);
    }

    [Fact]
    public void A_source_that_vanishes_after_planning_is_named()
    {
        scratch.Write("context/file", "");
        using var context = BuildContext.Open(scratch["context"], kleenefile: null, cacheDirectory: null);
        var plan = CopyPlanner.Plan(context.Files, ["file"], "/x");

        File.Delete(scratch["context/file"]);

        Assert.Equal(
            "cannot read 'file': no such file or directory",
            Assert.Throws<FileOperationException>(() => plan.ComputeDigest(cache: null, CancellationToken.None)).Message);
    }

    private static CopyManner Manner(string owner, string mode) => new() { Owner = owner, Mode = ModeChange.TryParse(mode) };

    private void Users()
    {
        scratch.Write("image/etc/passwd", "root:x:0:0::/root:/bin/sh\n# a comment:is:no user\nweb:x:1000:33:Web,,,:/srv:/bin/sh\nbroken:x:one:1::/:\ncrlf:x:1003:5::/:\r\n");
        scratch.Write("image/etc/group", "root:x:0:\nwww:x:33:\n12 monkeys:x:12:web");
    }

    private void Logs()
    {
        foreach (var name in new[] { "a.log", "b.txt", "sub/c.log", "sub/keep.log", "sub/deep/#d" })
        {
            scratch.Write("context/dir/" + name, "");
        }
    }

    private string Digest(string exclude)
    {
        using var context = BuildContext.Open(scratch["context"], kleenefile: null, cacheDirectory: null);
        return CopyPlanner.Plan(context.Files, ["dir"], "/x/", exclude).ComputeDigest(cache: null, CancellationToken.None).ToString();
    }

    private string Error(string source) => Assert.Throws<KleeneException>(() => Copy("/x/", source)).Message;

    private string Image() => scratch.Shell("cd image; find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort").Trim();

    /// <summary>Plans, hashes and copies as a build does, and returns what the image then holds.</summary>
    private string Copy(string destination, params string[] sources) => Copy(new CopyManner(), destination, sources);

    private string Copy(string[] exclude, string destination, params string[] sources) => Copy(new CopyManner(), exclude, destination, sources);

    private string Copy(CopyManner manner, string destination, params string[] sources) => Copy(manner, [], destination, sources);

    private string Copy(CopyManner manner, string[] exclude, string destination, string[] sources)
    {
        using var context = BuildContext.Open(scratch["context"], kleenefile: null, cacheDirectory: null);
        var plan = CopyPlanner.Plan(context.Files, [.. sources], destination, exclude);
        plan.ComputeDigest(cache: null, CancellationToken.None);
        CopyExecutor.Execute(plan, scratch["image"], manner, CancellationToken.None);
        return Image();
    }
}
