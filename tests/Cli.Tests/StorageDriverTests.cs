using Kleene.Build.Testing.Storage;

namespace Kleene.Build.Cli.Tests;

/// <summary>The same walk through the real executable on every storage driver.</summary>
public sealed class StorageDriverTests(BtrfsFileSystem btrfs, ZfsPool zfs) : IClassFixture<BtrfsFileSystem>, IClassFixture<ZfsPool>
{
    private const string Kleenefile =
        """
        FROM busybox AS make
        RUN mkdir /out && echo made > '/out/it is'
        FROM busybox
        COPY --from=make /out/ /got/
        RUN cat '/got/it is' > /copy && rm -r /got
        CMD ["cat", "/copy"]

        """;

    [OverlayFact]
    public async Task Overlay()
    {
        using var space = new KleeneSpace();
        await WalkAsync(space, "overlay");
    }

    [BtrfsFact]
    public async Task Btrfs()
    {
        using var space = new KleeneSpace { Storage = "btrfs", Root = btrfs.NewDirectory() };
        await WalkAsync(space, "btrfs");
    }

    [BtrfsFact]
    public async Task Btrfs_is_chosen_by_itself_where_the_root_lies_on_it()
    {
        using var space = new KleeneSpace { Storage = "auto", Root = btrfs.NewDirectory() };

        var told = await space.SucceedAsync("system", "info");

        Assert.Contains("storage: btrfs\n", told, StringComparison.Ordinal);
        Assert.Contains("storage reason: ", told, StringComparison.Ordinal);
    }

    [ZfsFact]
    public async Task Zfs()
    {
        var (dataset, _) = await zfs.NewDatasetAsync();
        using var space = new KleeneSpace { Storage = $"zfs:{dataset}" };
        var before = await zfs.ChildrenAsync(dataset);

        await WalkAsync(space, "zfs");

        Assert.DoesNotContain(await zfs.ChildrenAsync(dataset), name => name.Contains('@', StringComparison.Ordinal) && !before.Contains(name));
    }

    [ZfsFact]
    public async Task A_dataset_becomes_an_image_by_a_clone_or_a_copy()
    {
        var (dataset, mount) = await zfs.NewDatasetAsync();
        using var space = new KleeneSpace { Storage = $"zfs:{dataset}" };
        await zfs.RunAsync("zfs", "create", $"{dataset}/source");
        await zfs.RunAsync("cp", "-a", "/bin/busybox", Path.Join(mount, "source", "busybox"));
        await File.WriteAllTextAsync(Path.Join(mount, "source", "it's"), "here\n");

        foreach (var method in (string[])["zfs-clone", "zfs-copy"])
        {
            await space.SucceedAsync("image", "create", "-t", method, method, $"{dataset}/source");
            Assert.Equal("here\n", await space.SucceedAsync("run", "--rm", method, "/busybox", "cat", "/it's"));
            await space.SucceedAsync("image", "rm", method);
        }

        Assert.Equal("here\n", await File.ReadAllTextAsync(Path.Join(mount, "source", "it's")));
        Assert.Contains("invalid dataset", await space.FailAsync(2, "image", "create", "-t", "x", "zfs-copy", "no such@name"), StringComparison.Ordinal);
        await space.FailAsync(1, "image", "create", "-t", "x", "zfs-copy", $"{dataset}/nothing");
        AssertIsEmpty(space);
    }

    private static async Task WalkAsync(KleeneSpace space, string driver)
    {
        Assert.Contains($"storage: {driver}\n", await space.SucceedAsync("system", "info"), StringComparison.Ordinal);
        await space.WithBusyboxAsync();
        var context = space.Context(Kleenefile);

        Assert.DoesNotContain("cache", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
        Assert.Equal(3, (await space.BuildAsync(context, "app")).Split("--> Using cache @").Length - 1);
        Assert.Equal("made\n", await space.SucceedAsync("run", "--rm", "app"));

        space.Context(Kleenefile + "RUN echo half > /half; exit 7\n");
        await space.FailAsync(1, "build", "--progress", "plain", "-t", "app", context);
        Assert.Equal("made\nhalf\n", await space.SucceedAsync("run", "--rm", "app:failed@dirty", "cat", "/copy", "/half"));

        Assert.Equal(3, (await space.RunAsync("run", "--name", "box", "app", "sh", "-c", "echo more > /more; exit 3")).Exit.ShellCode);
        Assert.Contains("'box' was made from it", await space.FailAsync(1, "image", "rm", "app"), StringComparison.Ordinal);
        await space.SucceedAsync("rm", "box");

        await space.SucceedAsync("image", "prune", "--all");
        Assert.Equal("", await space.SucceedAsync("image", "ls", "-q"));
        AssertIsEmpty(space);
    }

    private static void AssertIsEmpty(KleeneSpace space)
    {
        // The zfs driver's own directory is a mount of itself, so that jails do not keep what is unmounted in it.
        Assert.DoesNotContain(space.Mounts().Select(line => line.Split(' ')[4]), point => !point.EndsWith("/state/zfs", StringComparison.Ordinal));
        using var database = new StateReader(space.StateRoot);
        Assert.All((string[])["workspaces", "snapshots", "cache", "containers", "images", "names"], table => Assert.Equal(0, database.Count(table)));
    }
}
