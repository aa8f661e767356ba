using Kleene.Build.Cli.Commands.Containers;
using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Cli.Tests.Commands;

public class DeviceOptionTests
{
    [Theory]
    [InlineData("/dev/fuse", "/dev/fuse", "/dev/fuse", "rwm")]
    [InlineData("/dev/fuse:r", "/dev/fuse", "/dev/fuse", "r")]
    [InlineData("/dev/sda:/dev/disk", "/dev/sda", "/dev/disk", "rwm")]
    [InlineData("/srv/a b:/dev/x/y:mr", "/srv/a b", "/dev/x/y", "mr")]
    public void A_device_is_a_path_of_the_host_one_of_the_container_and_an_access(string text, string source, string destination, string access) =>
        Assert.Equal(new JailDevice(source, destination, access), DeviceOption.Read(text));

    [Theory]
    [InlineData("")]
    [InlineData("fuse")]
    [InlineData("-v")]
    [InlineData("/dev/../etc/shadow")]
    [InlineData("/dev/./fuse")]
    [InlineData("/dev//fuse")]
    [InlineData("/dev/fuse/")]
    [InlineData("/dev/fuse\n")]
    [InlineData("/dev/fuse:")]
    [InlineData("/dev/fuse:/dev/fuse:")]
    [InlineData("/dev/fuse:/dev/fuse:x")]
    [InlineData("/dev/fuse:/dev/fuse:rr")]
    [InlineData("/dev/fuse:/dev/../fuse")]
    [InlineData("/dev/fuse:/etc/passwd")]
    [InlineData("/dev/fuse:/dev")]
    [InlineData("/dev/fuse:/dev/fuse:r:w")]
    public void Anything_else_is_refused(string text) => Assert.Throws<UsageException>(() => DeviceOption.Read(text));
}
