using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

public class NetworkFilesTests
{
    [Fact]
    public void The_hosts_file_knows_the_loopback_the_jail_itself_and_what_was_added()
    {
        var text = NetworkFiles.HostsText("web", [new HostEntry("10.0.0.7", "db"), new HostEntry("fd00::1", "db")]);

        Assert.Equal(
            "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"
            + "127.0.1.1\tweb\n10.0.0.7\tdb\nfd00::1\tdb\n",
            text);
    }

    [Fact]
    public void A_jail_without_a_network_has_nobody_to_ask_for_names()
    {
        Assert.Equal("", NetworkFiles.ResolverText(JailNetwork.None));
        Assert.Equal(File.ReadAllText("/etc/resolv.conf"), NetworkFiles.ResolverText(JailNetwork.Host));
    }
}
