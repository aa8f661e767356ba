using System.Text;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Files;

/// <summary>The kernel's way and ours must agree, so every test runs with both.</summary>
public sealed class RootedDirectoryTests : IDisposable
{
    private static readonly UnixPath NotUtf8 = UnixPath.FromBytes([(byte)'n', 0xff, (byte)'\n', (byte)'"', (byte)' ']);

    private readonly ScratchDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory, InlineData(true), InlineData(false)]
    public void An_absolute_link_stays_inside_the_root(bool kernel)
    {
        scratch.Write("root/etc/passwd", "inside");
        scratch.Shell("ln -s /etc/passwd root/link");
        using var root = Open(kernel);

        var content = root.ReadAllBytes("link");

        Assert.Equal("inside", Encoding.UTF8.GetString(content));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_link_to_the_host_that_has_no_counterpart_inside_is_not_found(bool kernel)
    {
        scratch.Shell("mkdir root; ln -s /etc/hostname root/link; ln -s /etc root/dir; ln -s ../../../../../../etc root/up");
        using var root = Open(kernel);

        foreach (var path in new[] { "link", "dir/hostname", "up/hostname", "../../../../etc/hostname", "/etc/hostname" })
        {
            Assert.Null(root.TryStat(path, followLink: true));
            var exception = Assert.Throws<FileOperationException>(() => root.OpenRead(path));
            Assert.Equal($"cannot open '{path}': no such file or directory", exception.Message);
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_dot_dot_does_not_go_above_the_root(bool kernel)
    {
        scratch.Write("outside", "secret");
        scratch.Write("root/outside", "inside");
        scratch.Shell("mkdir -p root/a/b; ln -s ../../../../outside root/a/b/link");
        using var root = Open(kernel);

        foreach (var path in new[] { "../outside", "a/../../outside", "a/b/link", "/../../outside" })
        {
            Assert.Equal("inside", Encoding.UTF8.GetString(root.ReadAllBytes(path)));
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_loop_of_links_ends_in_an_error(bool kernel)
    {
        scratch.Shell("mkdir root; ln -s two root/one; ln -s one root/two; ln -s self/x root/self");
        using var root = Open(kernel);

        Assert.Contains("symbolic links", Assert.Throws<FileOperationException>(() => root.OpenRead("one")).Message, StringComparison.Ordinal);
        Assert.Contains("symbolic links", Assert.Throws<FileOperationException>(() => root.OpenRead("self/file")).Message, StringComparison.Ordinal);
        Assert.Throws<FileOperationException>(() => root.CreateDirectories("one/x", PermissionBits.Directory, FileOwner.Root));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Writing_through_a_hostile_link_touches_only_the_root(bool kernel)
    {
        scratch.Write("outside/file", "untouched");
        scratch.Shell($"mkdir root; ln -s '{scratch["outside"]}' root/dir; ln -s '{scratch["outside/file"]}' root/file");
        using var root = Open(kernel);

        Assert.Throws<FileOperationException>(() => root.OpenWrite("file", PermissionBits.File, FileOwner.Root));
        Assert.Throws<FileOperationException>(() => root.CreateFile("dir/new", PermissionBits.File, FileOwner.Root));
        Assert.Throws<FileOperationException>(() => root.CreateFile("file", PermissionBits.File, FileOwner.Root));
        root.RemoveTree("dir");
        root.Remove("file");

        Assert.Equal("untouched", File.ReadAllText(scratch["outside/file"]));
        Assert.Equal(["file"], Directory.GetFiles(scratch["outside"]).Select(Path.GetFileName));
        Assert.Empty(root.List("/"));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_directory_below_a_dangling_link_is_made_where_the_link_points_inside(bool kernel)
    {
        scratch.Shell("mkdir root; ln -s /var/data root/data");
        using var root = Open(kernel);

        var created = root.CreateDirectories("/data/a b/c", PermissionBits.Directory, FileOwner.Root);

        Assert.Equal(["var", "var/data", "var/data/a b", "var/data/a b/c"], created.Select(path => path.ToString()));
        Assert.True(Directory.Exists(scratch["root/var/data/a b/c"]));
        Assert.Equal("755", scratch.Shell("stat -c %a root/var/data/a*").Trim());
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Directories_that_are_there_are_not_made_again(bool kernel)
    {
        scratch.MakeDirectory("root/a");
        using var root = Open(kernel);

        Assert.Equal(["a/b"], root.CreateDirectories("a/./b/../b/", PermissionBits.PrivateDirectory, FileOwner.Root).Select(path => path.ToString()));
        Assert.Empty(root.CreateDirectories("a/b", PermissionBits.PrivateDirectory, FileOwner.Root));
        Assert.Empty(root.CreateDirectories("/", PermissionBits.PrivateDirectory, FileOwner.Root));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_file_in_the_way_of_a_directory_is_named(bool kernel)
    {
        scratch.Write("root/file", "");
        using var root = Open(kernel);

        var exception = Assert.Throws<FileOperationException>(() => root.CreateDirectories("file/sub", PermissionBits.Directory, FileOwner.Root));

        Assert.Equal("cannot create directory 'file/sub': not a directory", exception.Message);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_name_that_is_not_utf8_survives(bool kernel)
    {
        scratch.MakeDirectory("root");
        using var root = Open(kernel);

        root.CreateFile(NotUtf8, PermissionBits.File, FileOwner.Root).Dispose();
        root.CreateSymbolicLink("link", NotUtf8, FileOwner.Root);

        Assert.Contains(NotUtf8, root.List(""));
        Assert.Equal(NotUtf8, root.ReadLink("link"));
        Assert.Equal(NotUtf8, root.RealPath("link"));
        Assert.Equal(FileKind.Regular, root.Stat("link", followLink: true).Kind);
        Assert.Equal(FileKind.SymbolicLink, root.Stat("link", followLink: false).Kind);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_path_longer_than_the_kernel_takes_is_found(bool kernel)
    {
        scratch.MakeDirectory("root");
        using var root = Open(kernel);
        var deep = string.Join('/', Enumerable.Repeat(new string('d', 200), 30));
        for (var path = (UnixPath)""; path.Bytes.Length < deep.Length;)
        {
            path /= new string('d', 200);
            root.CreateDirectories(path, PermissionBits.Directory, FileOwner.Root);
        }

        root.CreateFile(deep + "/file", PermissionBits.File, FileOwner.Root).Dispose();

        Assert.Equal(["file"], root.List(deep).Select(name => name.ToString()));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_tree_deeper_than_any_path_can_be_and_with_all_kinds_of_names_is_removed(bool kernel)
    {
        scratch.MakeDirectory("root/tree");
        scratch.Write("root/kept", "");
        scratch.Shell("""
            cd root/tree; ln -s ../kept link; mkfifo pipe; mkdir empty; touch "$(printf 'raw\377\nname')"
            i=0; while [ $i -lt 900 ]; do mkdir deeper; : > deeper/file; cd -P deeper; i=$((i + 1)); done
            """);
        using var root = Open(kernel);

        root.RemoveTree("tree");

        Assert.Equal(["kept"], root.List("").Select(name => name.ToString()));
    }

    [RootFact]
    public void A_tree_that_refuses_to_go_names_what_refuses()
    {
        scratch.Shell("mkdir -p root/tree/dir/busy; mount -t tmpfs none root/tree/dir/busy");
        try
        {
            using var root = Open(kernel: true);

            var exception = Assert.Throws<FileOperationException>(() => root.RemoveTree("tree"));

            Assert.Contains("'tree/dir/busy'", exception.Message, StringComparison.Ordinal);
        }
        finally
        {
            scratch.Shell("umount root/tree/dir/busy");
        }
    }

    [Fact]
    public void Removing_a_tree_stops_when_it_is_cancelled()
    {
        scratch.Write("root/tree/file", "");
        using var root = Open(kernel: true);

        Assert.Throws<OperationCanceledException>(() => root.RemoveTree("tree", new CancellationToken(canceled: true)));

        Assert.True(File.Exists(scratch["root/tree/file"]));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_new_directory_takes_no_other_ones_place(bool kernel)
    {
        scratch.Shell("mkdir -p root/there; ln -s there root/link");
        using var root = Open(kernel);

        root.CreateDirectory("there/new", 0x1f8, FileOwner.Root); // 0770

        Assert.Equal("770", scratch.Shell("stat -c %a root/there/new").Trim());
        Assert.Throws<FileOperationException>(() => root.CreateDirectory("there", PermissionBits.Directory, FileOwner.Root));
        Assert.Throws<FileOperationException>(() => root.CreateDirectory("link", PermissionBits.Directory, FileOwner.Root));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Removing_what_is_gone_succeeds(bool kernel)
    {
        scratch.MakeDirectory("root");
        using var root = Open(kernel);

        root.Remove("nothing");
        root.RemoveTree("no/where");

        Assert.Empty(root.List(""));
    }

    [RootFact]
    public void A_fifo_or_device_is_not_opened_as_a_file()
    {
        scratch.Shell("mkdir root; mkfifo root/fifo; mknod root/null c 1 3");
        using var root = Open(kernel: true);

        Assert.Equal("cannot open 'fifo': it is not a regular file", Assert.Throws<KleeneException>(() => root.OpenRead("fifo")).Message);
        Assert.Throws<KleeneException>(() => root.OpenRead("null"));
    }

    [Fact]
    public void A_link_that_is_swapped_all_the_time_never_leads_outside()
    {
        scratch.Write("outside/file", "outside");
        scratch.Write("root/real/file", "inside");
        scratch.Shell($"ln -s '{scratch["outside"]}' root/evil; ln -s real root/good");
        using var stop = new CancellationTokenSource();
        var swapper = new Thread(() =>
        {
            using var other = Open(kernel: true);
            while (!stop.IsCancellationRequested)
            {
                other.Rename("evil", "swap");
                other.Rename("good", "current");
                other.Rename("current", "good");
                other.Rename("swap", "evil");
                other.CreateSymbolicLink("current", scratch["outside"], FileOwner.Root);
                other.Remove("current");
            }
        });
        swapper.Start();

        foreach (var kernel in new[] { true, false })
        {
            using var root = Open(kernel);
            for (var i = 0; i < 2000; i++)
            {
                var content = TryRead(root, "current/file");
                Assert.True(content is null or "inside", content);
            }
        }

        stop.Cancel();
        swapper.Join();
    }

    [Fact]
    public void The_kernel_is_left_to_resolve_where_it_can() =>
        Assert.Equal(OperatingSystem.IsLinux() && Environment.OSVersion.Version >= new Version(5, 6), KernelResolver.IsSupported);

    [Fact]
    public void A_root_that_is_not_there_is_named()
    {
        var exception = Assert.Throws<FileOperationException>(() => RootedDirectory.Open(scratch["missing"]));

        Assert.Equal($"cannot open directory '{scratch["missing"]}': no such file or directory", exception.Message);
    }

    private static string? TryRead(RootedDirectory root, string path)
    {
        try
        {
            return Encoding.UTF8.GetString(root.ReadAllBytes(path));
        }
        catch (FileOperationException)
        {
            return null;
        }
    }

    private RootedDirectory Open(bool kernel) =>
        RootedDirectory.Open(scratch["root"], kernel ? new KernelResolver() : new StepwiseResolver());
}
