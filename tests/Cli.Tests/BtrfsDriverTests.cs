using Kleene.Build.Testing.Storage;

namespace Kleene.Build.Cli.Tests;

public sealed class BtrfsDriverTests(BtrfsFileSystem btrfs) : IClassFixture<BtrfsFileSystem>
{
    [BtrfsFact]
    public async Task A_walk_from_the_base_image_to_an_empty_store_works()
    {
        using var space = new KleeneSpace { Storage = "btrfs", Root = btrfs.NewDirectory() };
        await StorageWalk.WalkAsync(space, "btrfs");
    }

    [BtrfsFact]
    public async Task Btrfs_is_chosen_by_itself_where_the_root_lies_on_it()
    {
        using var space = new KleeneSpace { Storage = "auto", Root = btrfs.NewDirectory() };

        var told = await space.SucceedAsync("system", "info");

        Assert.Contains("storage: btrfs\n", told, StringComparison.Ordinal);
        Assert.Contains("storage reason: ", told, StringComparison.Ordinal);
    }

    [BtrfsFact]
    public async Task Every_kind_of_mount_works()
    {
        using var space = new KleeneSpace { Storage = "btrfs", Root = btrfs.NewDirectory() };
        await MountWalk.WalkAsync(space);
    }
}
