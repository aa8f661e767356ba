using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Parser.Tests.Planning;

public sealed class PlatformAndSignalTests
{
    [Theory]
    [InlineData("linux/amd64", true)]
    [InlineData("linux", true)]
    [InlineData("amd64", true)]
    [InlineData("Linux/x86_64", true)]
    [InlineData("linux/amd64/v2", true)]
    [InlineData("linux/arm64", false)]
    [InlineData("freebsd/amd64", false)]
    [InlineData("arm64", false)]
    [InlineData("linux/amd64/v2/x", false)]
    public void A_platform_is_met_when_the_parts_that_are_given_agree(string asked, bool expected) =>
        Assert.Equal(expected, PlatformName.Includes(asked, "linux/amd64"));

    [Theory]
    [InlineData("SIGTERM", true)]
    [InlineData("term", true)]
    [InlineData("SIGRTMIN+3", true)]
    [InlineData("RTMAX-14", true)]
    [InlineData("15", true)]
    [InlineData("126", true)]
    [InlineData("127", false)]
    [InlineData("0", false)]
    [InlineData("SIGRTMIN+x", false)]
    [InlineData("SIGNOPE", false)]
    [InlineData("", false)]
    public void A_signal_is_a_number_or_a_name_that_a_system_knows(string signal, bool expected) =>
        Assert.Equal(expected, SignalName.IsKnown(signal));
}
