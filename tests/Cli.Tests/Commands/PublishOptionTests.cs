using Kleene.Build.Cli.Commands;

namespace Kleene.Build.Cli.Tests.Commands;

public class PublishOptionTests
{
    [Theory]
    [InlineData("8080:80", "0.0.0.0:8080->80/tcp")]
    [InlineData("8080:80/udp", "0.0.0.0:8080->80/udp")]
    [InlineData("8080:80/TCP", "0.0.0.0:8080->80/tcp")]
    [InlineData("80", "80/tcp")]
    [InlineData("53/udp", "53/udp")]
    [InlineData("5000-5003:6000-6003", "0.0.0.0:5000-5003->6000-6003/tcp")]
    [InlineData("5000-5003", "5000-5003/tcp")]
    [InlineData("127.0.0.1:8080:80", "127.0.0.1:8080->80/tcp")]
    [InlineData("[::1]:8080:80", "[::1]:8080->80/tcp")]
    [InlineData("[0:0::1]:8080:80", "[::1]:8080->80/tcp")]
    [InlineData("[fd00::7]:80", "80/tcp")]
    [InlineData("0.0.0.0:8080:80", "0.0.0.0:8080->80/tcp")]
    [InlineData("[::]:8080:80", "0.0.0.0:8080->80/tcp")]
    [InlineData("eth0:8080:80", "eth0:8080->80/tcp")]
    [InlineData("65535:1", "0.0.0.0:65535->1/tcp")]
    public void A_port_is_read(string text, string read) => Assert.Equal(read, PublishOption.Read(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("0:80")]
    [InlineData("80:0")]
    [InlineData("65536:80")]
    [InlineData("-1:80")]
    [InlineData("+1:80")]
    [InlineData(" 1:80")]
    [InlineData("80:80/sctp")]
    [InlineData("80:80/")]
    [InlineData("5003-5000:1-4")]
    [InlineData("5000-5001:80")]
    [InlineData("5000:80-81")]
    [InlineData("a b:80:80")]
    [InlineData("eth0\";drop:80:80")]
    [InlineData("an-interface-with-a-long-name:80:80")]
    [InlineData("::1:80:80")]
    [InlineData("http:80")]
    public void What_is_no_port_is_told(string text) =>
        Assert.StartsWith($"--publish '{text}' is not a port to publish: ", Assert.Throws<UsageException>(() => PublishOption.Read(text)).Message, StringComparison.Ordinal);
}
