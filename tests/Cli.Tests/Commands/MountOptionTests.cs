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
    };

    [Theory]
    [MemberData(nameof(Mounts))]
    public void A_mount_is_read_in_both_forms(string text, JailMount expected) => Assert.Equal(expected, MountOption.Read(text, "--volume"));

    [Theory]
    [InlineData("/tmp", "is not a mount")]
    [InlineData("/tmp:data", "is not mounted at an absolute path")]
    [InlineData("/tmp:/", "is not mounted at an absolute path")]
    [InlineData("/tmp://", "is not mounted at an absolute path")]
    [InlineData("/tmp:/data:rx", "is not a mount")]
    [InlineData("/tmp:/data:ro:x", "is not a mount")]
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
        Assert.Contains(why, Assert.Throws<UsageException>(() => MountOption.Read(text, "--volume")).Message, StringComparison.Ordinal);
}
