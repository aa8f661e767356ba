using Kleene.Build.Cli.Commands;
using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Cli.Tests.Commands;

public sealed class MountOptionTests
{
    public static TheoryData<string, JailMount> Mounts => new()
    {
        { "/tmp:/data", new JailMount("/tmp", "/data") },
        { "/tmp:/data:ro", new JailMount("/tmp", "/data", ReadOnly: true) },
        { "/tmp:/da ta:rw", new JailMount("/tmp", "/da ta") },
        { "name:/data", new JailMount("", "/data") { Volume = "name" } },
        { "type:/data", new JailMount("", "/data") { Volume = "type" } },
        { "type=bind,src=/tmp,dst=/data", new JailMount("/tmp", "/data") },
        { "type=bind,source=/tmp,target=/data,readonly", new JailMount("/tmp", "/data", ReadOnly: true) },
        { "TYPE=bind,src=/tmp,destination=/data,ro=false", new JailMount("/tmp", "/data") },
        { "src=cache-go,dst=/go", new JailMount("", "/go") { Volume = "cache-go" } },
        { "type=volume,src=a.b,dst=/c,readonly=1", new JailMount("", "/c", ReadOnly: true) { Volume = "a.b" } },
        { "type=tmpfs,dst=/t", JailMount.Memory("/t", null) },
        { "type=tmpfs,dst=/t,tmpfs-size=64m", JailMount.Memory("/t", 64 << 20) },
        { "type=bind,src=/tmp,\"dst=/with,comma\"", new JailMount("/tmp", "/with,comma") },
        { "name:/data:ro,nocopy", new JailMount("", "/data", ReadOnly: true) { Volume = "name", StartsEmpty = true } },
        { "/tmp:/data:rw,z", new JailMount("/tmp", "/data") },
        { "/tmp:/data:rprivate", new JailMount("/tmp", "/data") },
        { "type=volume,src=a,dst=/c,volume-nocopy", new JailMount("", "/c") { Volume = "a", StartsEmpty = true } },
        { "type=volume,src=a,dst=/c,volume-driver=local", new JailMount("", "/c") { Volume = "a" } },
        { "type=bind,src=/tmp,dst=/data,bind-propagation=rprivate,consistency=cached", new JailMount("/tmp", "/data") },
        { "type=tmpfs,dst=/t,tmpfs-mode=0700", JailMount.Memory("/t", null) with { Permissions = 0x1c0 } },
    };

    [Theory]
    [MemberData(nameof(Mounts))]
    public void A_mount_is_read_in_both_forms(string text, JailMount expected) => Assert.Equal(expected, MountOption.Read(text, "--volume"));

    [Theory]
    [InlineData("/data", false)]
    [InlineData("/data:ro", true)]
    [InlineData("type=volume,dst=/data", false)]
    [InlineData("dst=/data,readonly", true)]
    public void A_destination_alone_gets_a_volume_that_nobody_named(string text, bool isReadOnly)
    {
        var (mount, other) = (MountOption.Read(text, "--volume"), MountOption.Read(text, "--volume"));

        Assert.Equal(("/data", true, isReadOnly), (mount.Destination, mount.IsAnonymous, mount.ReadOnly));
        Assert.Matches("^[0-9a-f]{32}$", mount.Volume);
        Assert.NotEqual(mount.Volume, other.Volume);
    }

    public static TheoryData<string, JailMount> Memories => new()
    {
        { "/t", JailMount.Memory("/t", null) },
        { "/t:size=64m,mode=1770", JailMount.Memory("/t", 64 << 20) with { Permissions = 0x3f8 } },
        { "/t:ro,noexec,nosuid,nodev", JailMount.Memory("/t", null) with { ReadOnly = true, RefusesExecution = true } },
        { "/t:rw,exec", JailMount.Memory("/t", null) },
    };

    [Theory]
    [MemberData(nameof(Memories))]
    public void Memory_is_read_with_its_options(string text, JailMount expected) => Assert.Equal(expected, MemoryOption.Read(text, "--tmpfs"));

    [Theory]
    [InlineData("t", "is not mounted at an absolute path")]
    [InlineData("/", "is not mounted at an absolute path")]
    [InlineData("/t:sise=1", "'sise=1' is not an option of memory; did you mean 'size'?")]
    [InlineData("/t:size=much", "is not a size")]
    [InlineData("/t:mode=9", "'9' is not a mode")]
    [InlineData("/t:mode=77777", "'77777' is not a mode")]
    [InlineData("/t:uid=1", "'uid=1' is not an option of memory")]
    public void What_is_no_memory_is_told(string text, string why) =>
        Assert.Contains(why, Assert.ThrowsAny<UsageException>(() => MemoryOption.Read(text, "--tmpfs")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("data", "invalid mount format 'data'. Must have at least 2 elements seperated by ':'.")]
    [InlineData("/tmp:data", "is not mounted at an absolute path")]
    [InlineData("/tmp:/", "is not mounted at an absolute path")]
    [InlineData("/tmp://", "is not mounted at an absolute path")]
    [InlineData("/tmp:/..", "is not mounted at an absolute path")]
    [InlineData("/tmp:/data:rx", "invalid mount format '/tmp:/data:rx'. Last element should be either 'ro' or 'rw'.")]
    [InlineData("/tmp:/data:ro:x", "invalid mount format '/tmp:/data:ro:x'. Max 3 elements seperated by ':'.")]
    [InlineData("/tmp:/data:nocopy", "'nocopy' is for volumes")]
    [InlineData("/tmp:/data:rshared", "'rshared' is not supported")]
    [InlineData("type=bind,src=/tmp,dst=/data,bind-propagation=shared", "'shared' is not supported")]
    [InlineData("type=volume,src=a,dst=/data,volume-opt=o=x", "has 'volume-opt', which is not supported")]
    [InlineData("type=volume,src=a,dst=/data,volume-driver=nfs", "has 'volume-driver', which is not supported")]
    [InlineData("type=tmpfs,dst=/t,tmpfs-mode=x", "'x' is not a mode")]
    [InlineData("/no such thing:/data", "there is no '/no such thing' on the host")]
    [InlineData("./here:/data", "'./here' is not a volume name")]
    [InlineData("a b:/data", "'a b' is not a volume name")]
    [InlineData("type=bind,src=here,dst=/data", "not an absolute path of the host")]
    [InlineData("type=volume,src=/here,dst=/data", "write type=bind for '/here'")]
    [InlineData("type=nfs,src=a,dst=/data", "has the type 'nfs'")]
    [InlineData("type=bind,dst=/data", "has no source")]
    [InlineData("type=bind,src=/tmp", "has no destination")]
    [InlineData("type=bind,scr=/tmp,dst=/data", "did you mean 'src'?")]
    [InlineData("type=tmpfs,src=/tmp,dst=/data", "which memory has not")]
    [InlineData("type=bind,src=,dst=/data", "has 'src' without a value")]
    [InlineData("type=bind,src=/tmp,dst=/data,ro=maybe", "neither true nor false")]
    public void What_is_no_mount_is_told(string text, string why) =>
        Assert.Contains(why, Assert.ThrowsAny<UsageException>(() => MountOption.Read(text, "--volume")).Message, StringComparison.Ordinal);
}
