using Kleene.Build.Builder.Execution.Mounting;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Builder.Tests.Execution.Mounting;

public sealed class CacheVolumesTests
{
    private static readonly RunMount.Cache Plain = new() { Target = "/c", Id = "npm" };

    // Written down, because a name that changes makes every cache of every user start from nothing.
    public static TheoryData<RunMount.Cache, string, int, string> Names => new()
    {
        { Plain, "", 1, "cache-npm" },
        { Plain, "", 2, "cache-npm.p2" },
        { Plain with { Target = "/other", Sharing = CacheSharing.Locked, IsReadOnly = true }, "", 1, "cache-npm" },
        { Plain with { Id = "Go_Mod-1" }, "", 1, "cache-Go_Mod-1" },
        { Plain with { Id = "/root/.npm" }, "", 1, "cache-root--npm." },
        { Plain with { Id = "/root/.npm" }, "", 3, "cache-root--npm." },
        { Plain with { Id = "ünï cödé/../.." }, "", 1, "cache-n--c-d." },
        { Plain with { Id = "../.." }, "", 1, "cache-." },
        { Plain with { Id = new string('x', 300) }, "", 1, $"cache-{new string('x', 60)}." },
        { Plain with { Namespace = "me" }, "", 1, "cache-me-npm." },
        { Plain with { Access = new MountAccess(User: 1000) }, "", 1, "cache-npm." },
        { Plain, "tree sha256:1\0.", 1, "cache-npm." },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void A_cache_is_a_volume_whose_name_tells_it(RunMount.Cache mount, string origin, int ordinal, string expected)
    {
        var name = CacheVolumes.SpecOf(mount, origin, ordinal).Name;

        Assert.Equal(name, VolumeStore.Checked(name));
        Assert.Equal(expected, expected.EndsWith('.') ? name[..expected.Length] : name);
    }

    [Fact]
    public void Whatever_makes_another_cache_makes_another_name()
    {
        (RunMount.Cache Mount, string Origin)[] caches =
        [
            (Plain, ""), (Plain, "a"), (Plain, "b"), (Plain with { Namespace = "n" }, ""), (Plain with { Id = "n/npm" }, ""), (Plain with { Id = "n-npm" }, ""),
            (Plain with { Access = new MountAccess(User: 1) }, ""), (Plain with { Access = new MountAccess(Group: 1) }, ""), (Plain with { Access = new MountAccess(Mode: 1) }, ""),
        ];

        Assert.Equal(caches.Length, caches.Select(cache => CacheVolumes.SpecOf(cache.Mount, cache.Origin, 1).Name).Distinct().Count());
    }

    [Fact]
    public void A_new_cache_looks_as_the_mount_says()
    {
        var spec = CacheVolumes.SpecOf(Plain with { Namespace = "me", Access = new MountAccess(Mode: 0x1c0, User: 5, Group: 6) }, "", 1);

        Assert.Equal((0x1c0u, new FileOwner(5, 6)), (spec.Permissions, spec.Owner));
        Assert.Equal("npm", spec.Labels[VolumeLabels.CacheId]);
        Assert.Equal("me", spec.Labels[VolumeLabels.CacheNamespace]);
        Assert.Equal((PermissionBits.Directory, FileOwner.Root), (CacheVolumes.SpecOf(Plain, "", 1).Permissions, CacheVolumes.SpecOf(Plain, "", 1).Owner));
    }
}
