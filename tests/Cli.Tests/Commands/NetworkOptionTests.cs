using Kleene.Build.Cli.Commands;

namespace Kleene.Build.Cli.Tests.Commands;

public class NetworkOptionTests
{
    [Theory]
    [InlineData("back", "back   ")]
    [InlineData("back:ip=10.0.0.9", "back 10.0.0.9  ")]
    [InlineData("back:ip6=fd00:0:0::9,alias=db,alias=store.one", "back  fd00::9 db,store.one")]
    [InlineData("back:ip6=[fd00::9]", "back  fd00::9 ")]
    public void A_network_is_read(string text, string read)
    {
        var request = NetworkOption.Read(text);

        Assert.Equal(read, $"{request.Network} {request.Address} {request.Address6} {string.Join(',', request.Aliases)}");
    }

    [Theory]
    [InlineData("", "has no name")]
    [InlineData(":ip=10.0.0.9", "has no name")]
    [InlineData("back:ip", "without a value")]
    [InlineData("back:ip=ten", "is not an address")]
    [InlineData("back:ip=fe80::1%eth0", "is not an address")]
    [InlineData("back:ipp=10.0.0.9", "did you mean 'ip'?")]
    [InlineData("back:alias=a b", "cannot be a name")]
    [InlineData("back:alias=localhost", "cannot be a name")]
    [InlineData("back:alias=a\n10.0.0.1 evil", "cannot be a name")]
    public void What_is_no_network_is_told(string text, string why) =>
        Assert.Contains(why, Assert.Throws<UsageException>(() => NetworkOption.Read(text)).Message, StringComparison.Ordinal);
}
