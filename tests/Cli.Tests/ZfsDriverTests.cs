using Kleene.Build.Testing.Storage;

namespace Kleene.Build.Cli.Tests;

/// <summary>One pool for all tests that need one: pools are named after the process.</summary>
[CollectionDefinition(Name)]
public sealed class ZfsTests : ICollectionFixture<ZfsPool>
{
    public const string Name = "zfs";
}

[Collection(ZfsTests.Name)]
public sealed class ZfsDriverTests(ZfsPool zfs)
{
    [ZfsFact]
    public async Task A_walk_from_the_base_image_to_an_empty_store_works()
    {
        var (dataset, _) = await zfs.NewDatasetAsync();
        using var space = new KleeneSpace { Storage = $"zfs:{dataset}" };
        var before = await zfs.ChildrenAsync(dataset);

        await StorageWalk.WalkAsync(space, "zfs");

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
        StorageWalk.AssertIsEmpty(space);
    }

    [ZfsFact]
    public async Task Every_kind_of_mount_works()
    {
        var (dataset, _) = await zfs.NewDatasetAsync();
        using var space = new KleeneSpace { Storage = $"zfs:{dataset}" };
        await MountWalk.WalkAsync(space);
    }
}
