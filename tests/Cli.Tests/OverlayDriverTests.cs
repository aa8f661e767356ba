using Kleene.Build.Testing.Storage;

namespace Kleene.Build.Cli.Tests;

public sealed class OverlayDriverTests
{
    [OverlayFact]
    public async Task A_walk_from_the_base_image_to_an_empty_store_works()
    {
        using var space = new KleeneSpace();
        await StorageWalk.WalkAsync(space, "overlay");
    }

    [OverlayFact]
    public async Task Every_kind_of_mount_works()
    {
        using var space = new KleeneSpace();
        await MountWalk.WalkAsync(space);
    }
}
