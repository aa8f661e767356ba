using Kleene.Build.Runtime.Jails.Linux;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

public class HostFactsTests
{
    private const string Separate = "32 31 0:29 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory";
    private const string Beside = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw";
    private const string Whole = "35 25 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 master:1 - cgroup2 cgroup2 rw,nsdelegate";
    private const string Elsewhere = "99 25 0:30 / /mnt/my\\040cgroup rw - cgroup2 none rw";

    [Theory]
    [InlineData(new[] { Separate }, nameof(CgroupLayout.Separate))]
    [InlineData(new[] { Separate, Beside }, nameof(CgroupLayout.Hybrid))]
    [InlineData(new[] { Whole, Elsewhere }, nameof(CgroupLayout.Unified))]
    [InlineData(new[] { Elsewhere, "not a mount", "" }, nameof(CgroupLayout.Separate))]
    public void The_layout_of_control_groups_is_read_from_the_mounts(string[] mounts, string layout) =>
        Assert.Equal(layout, HostFacts.LayoutOf(mounts).ToString());

    [Fact]
    public void The_bounding_set_is_read_from_the_status_of_our_process()
    {
        Assert.Equal(0x1fffeffffffUL, HostFacts.BoundingSetOf(["Name:\tx", "CapEff:\t0000000000000001", "CapBnd:\t000001fffeffffff"]));
        Assert.Equal(0UL, HostFacts.BoundingSetOf(["Name:\tx"]));
    }

    [Theory]
    [InlineData(new[] { "23 1 0:22 / /run rw - tmpfs run rw", "24 1 0:23 / /dev/shm rw - tmpfs tmpfs rw" }, "/run")]
    [InlineData(new[] { "24 1 0:23 / /dev/shm rw shared:3 - tmpfs tmpfs rw", "23 1 8:1 / /run rw - ext4 /dev/sda rw" }, "/dev/shm")]
    [InlineData(new[] { "24 1 0:23 / /tmp rw - tmpfs tmpfs rw", "x - tmpfs" }, null)]
    public void Bundles_are_kept_in_memory_where_there_is_some_of_roots(string[] mounts, string? directory) =>
        Assert.Equal(directory, JailStateDirectory.MemoryOf(mounts));
}
