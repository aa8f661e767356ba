namespace Kleene.Build.Runtime.Tests;

public sealed class HostPlatformTests
{
    /// <summary>The first as a Linux program sees it under FreeBSD 13.2's Linux ABI, the second as a native one does.</summary>
    [Theory]
    [InlineData("Linux 4.4.0 FreeBSD 13.2-RELEASE FreeBSD 13.2-RELEASE #0: Sat Nov 21 19:34:12 UTC 2026", true)]
    [InlineData("FreeBSD 13.2-RELEASE FreeBSD 13.2-RELEASE #0: Sat Nov 21 19:34:12 UTC 2026", true)]
    [InlineData("Linux 6.1.0-18-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)", false)]
    public void The_platform_is_what_the_kernel_says(string description, bool isFreeBsd)
    {
        Assert.Equal(isFreeBsd, HostPlatform.SaysFreeBsd(wish: null, description));
        Assert.Equal(isFreeBsd, HostPlatform.SaysFreeBsd(wish: "", description));
    }

    [Theory]
    [InlineData("freebsd", true)]
    [InlineData("linux", false)]
    public void Who_knows_better_says_so(string wish, bool isFreeBsd) => Assert.Equal(isFreeBsd, HostPlatform.SaysFreeBsd(wish, "Linux 4.4.0 FreeBSD 13.2-RELEASE"));

    [Fact]
    public void A_platform_that_nobody_knows_is_refused() =>
        Assert.Contains("KLEENE_PLATFORM is 'plan9'", Assert.Throws<KleeneException>(() => HostPlatform.SaysFreeBsd("plan9", "")).Message, StringComparison.Ordinal);
}
