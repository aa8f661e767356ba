using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux;
using Kleene.Build.Testing.Jails;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

public sealed class MountPointsTests : IDisposable
{
    private readonly string scratch = Directory.CreateTempSubdirectory("kleene points ").FullName;

    public MountPointsTests()
    {
        Directory.CreateDirectory(At("etc/deep"));
        foreach (var directory in (ReadOnlySpan<string>)["etc/deep", "etc", ""])
        {
            Directory.SetLastWriteTimeUtc(At(directory), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        }
    }

    private string Root => Path.Join(scratch, "root");

    [Fact]
    public void What_was_made_goes_without_a_trace()
    {
        var before = TreeListing.Of(Root);

        Use(points =>
        {
            points.EnsureDirectory("/proc");
            points.EnsureDirectory("/a b/$c/d");
            points.EnsureFile("/etc/hosts");
            points.EnsureFile("/etc/deep/er/file");

            Assert.True(Directory.Exists(At("a b/$c/d")));
            Assert.True(File.Exists(At("etc/deep/er/file")));
            points.Remove();
        });

        Assert.Equal(before, TreeListing.Of(Root));
    }

    [Fact]
    public void What_is_there_is_left_alone()
    {
        File.WriteAllText(At("etc/hosts"), "mine");
        var before = TreeListing.Of(Root);

        Use(points =>
        {
            points.EnsureFile("/etc/hosts");
            points.EnsureDirectory("/etc");

            Assert.True(points.IsEmpty);
            points.Remove();
        });

        Assert.Equal(before, TreeListing.Of(Root));
    }

    [Fact]
    public void What_the_jail_wrote_to_or_replaced_stays()
    {
        Use(points =>
        {
            points.EnsureFile("/etc/written");
            points.EnsureFile("/etc/replaced");
            points.EnsureDirectory("/filled");
            points.EnsureDirectory("/changed");
            points.EnsureDirectory("/empty");
            File.WriteAllText(At("etc/written"), "x");
            File.Delete(At("etc/replaced"));
            File.CreateSymbolicLink(At("etc/replaced"), "elsewhere");
            File.WriteAllText(At("filled/file"), "x");
            File.SetUnixFileMode(At("changed"), UnixFileMode.UserRead);

            points.Remove();
        });

        Assert.Equal("x", File.ReadAllText(At("etc/written")));
        Assert.Equal("elsewhere", new FileInfo(At("etc/replaced")).LinkTarget);
        Assert.True(File.Exists(At("filled/file")));
        Assert.True(Directory.Exists(At("changed")));
        Assert.False(Directory.Exists(At("empty")));
    }

    [Fact]
    public void A_directory_that_the_jail_changed_keeps_the_time_of_that_change()
    {
        var changed = new DateTime(2010, 1, 1, 0, 0, 0, DateTimeKind.Utc);

        Use(points =>
        {
            points.EnsureFile("/etc/hosts");
            Directory.SetLastWriteTimeUtc(At("etc"), changed);
            points.Remove();
        });

        Assert.Equal(changed, Directory.GetLastWriteTimeUtc(At("etc")));
    }

    [Fact]
    public void They_are_found_again_after_the_directory_above_was_renamed()
    {
        Use(points =>
        {
            points.EnsureFile("/etc/deep/hosts");
            Directory.Move(At("etc"), At("renamed"));
            points.Remove();
        });

        Assert.False(File.Exists(At("renamed/deep/hosts")));
    }

    [Theory]
    [InlineData("/outside")]
    [InlineData("../outside")]
    [InlineData("../../../../../../outside")]
    public void A_link_does_not_lead_out_of_the_root(string target)
    {
        var outside = Path.Join(scratch, "outside");
        Directory.CreateDirectory(outside);
        File.CreateSymbolicLink(At("link"), target);
        File.CreateSymbolicLink(At("absolute"), outside);
        var before = TreeListing.Of(scratch);

        Use(points =>
        {
            points.EnsureFile("/link/hosts");
            points.EnsureDirectory("/absolute/made");
            points.EnsureFile("/../../escaped");

            Assert.True(File.Exists(At("outside/hosts")));
            Assert.True(Directory.Exists(Root + outside + "/made"));
            Assert.True(File.Exists(At("escaped")));
            Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
            points.Remove();
        });

        Assert.Equal(before, TreeListing.Of(scratch));
    }

    [Fact]
    public void A_link_to_a_file_that_is_missing_makes_that_file_inside_the_root()
    {
        File.CreateSymbolicLink(At("etc/resolv.conf"), "../run/systemd/resolve/stub-resolv.conf");
        var before = TreeListing.Of(Root);

        Use(points =>
        {
            points.EnsureFile("/etc/resolv.conf");

            Assert.True(File.Exists(At("run/systemd/resolve/stub-resolv.conf")));
            points.Remove();
        });

        Assert.Equal(before, TreeListing.Of(Root));
    }

    [Theory]
    [InlineData("/etc", false)]
    [InlineData("/file", true)]
    [InlineData("/loop", true)]
    [InlineData("/file/below", true)]
    public void Something_else_in_the_place_is_an_error(string path, bool asDirectory)
    {
        File.WriteAllText(At("file"), "");
        File.CreateSymbolicLink(At("loop"), "loop");

        Use(points =>
        {
            var error = Assert.Throws<JailStartException>(() => Ensure(points, path, asDirectory));

            Assert.Contains($"'{path}'", error.Message, StringComparison.Ordinal);
            Assert.Equal(125, error.ExitCode);
        });
    }

    [Fact]
    public void Another_process_removes_them_from_the_record()
    {
        var before = TreeListing.Of(Root);
        var record = "";
        Use(points =>
        {
            points.EnsureFile("/etc/ho\nsts");
            points.EnsureDirectory("/a b/c");
            points.EnsureFile("/etc/kept");
            record = points.ToRecord();
        });
        File.WriteAllText(At("etc/kept"), "by the jail");

        using (var tree = RootedDirectory.Open(Root))
        using (var points = MountPoints.Restore(tree, record))
        {
            points.Remove();
        }

        Assert.Equal("by the jail", File.ReadAllText(At("etc/kept")));
        File.Delete(At("etc/kept"));
        Directory.SetLastWriteTimeUtc(At("etc"), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        Assert.Equal(before, TreeListing.Of(Root));
    }

    public void Dispose() => Directory.Delete(scratch, recursive: true);

    private static void Ensure(MountPoints points, string path, bool asDirectory)
    {
        if (asDirectory)
        {
            points.EnsureDirectory(path);
        }
        else
        {
            points.EnsureFile(path);
        }
    }

    private void Use(Action<MountPoints> action)
    {
        using var tree = RootedDirectory.Open(Root);
        using var points = new MountPoints(tree);
        action(points);
    }

    private string At(string path) => Path.Join(Root, path);
}
