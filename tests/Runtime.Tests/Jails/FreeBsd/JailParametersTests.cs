using System.Net;
using System.Runtime.CompilerServices;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.FreeBsd;
using Kleene.Build.Testing.Approvals;

namespace Kleene.Build.Runtime.Tests.Jails.FreeBsd;

public sealed class JailParametersTests
{
    private static readonly JailSpec Plain = new() { Id = "a1b2c3d4e5f6", Root = "/tank/k/a1b2c3d4e5f6", Process = new JailProcess { Argv = ["true"] } };

    [Fact]
    public void A_specification_becomes_a_list_of_parameters()
    {
        (string What, JailSpec Spec, bool RunsShutdown)[] cases =
        [
            ("nothing is asked for", Plain, false),
            ("a name of its own", Plain with { Hostname = "web.example.org" }, false),
            ("the host's network", Plain with { Network = JailNetwork.Host }, false),
            ("a stack that was made for it", Plain with { Network = new JailNetwork.Joined("s9f8e7d6c5b4a", "/hosts") }, false),
            ("addresses of both families", Plain with { Network = new JailNetwork.Addressed([IPAddress.Parse("10.80.0.2"), IPAddress.Parse("10.80.1.2"), IPAddress.Parse("fd00::2")], "/hosts") }, false),
            ("an address of one family", Plain with { Network = new JailNetwork.Addressed([IPAddress.Parse("10.80.0.2")], "/hosts") }, false),
            ("a system that wants to be shut down", Plain with { Network = JailNetwork.Host }, true),
            ("a parameter that is added", Plain with { Parameters = ["allow.raw_sockets", "children.max=3"] }, false),
            ("parameters that win", Plain with { Hostname = "a", Parameters = ["host.hostname=b", "exec.noclean", "devfs_ruleset=99", "stop.timeout=30"] }, false),
            ("no devices", Plain with { Parameters = ["mount.nodevfs"] }, false),
            ("processes and open files to look at", Plain with { Parameters = ["mount.procfs", "mount.fdescfs"] }, false),
            ("addresses of the user's own", Plain with { Network = JailNetwork.Host, Parameters = ["ip4.addr=em0|192.0.2.7/24", "ip4.addr=192.0.2.8"] }, false),
            ("a shutdown of the user's own", Plain with { Network = JailNetwork.Host, Parameters = ["exec.stop=/usr/local/bin/bye \"now\""] }, true),
        ];

        var table = string.Concat(cases.Select(entry =>
            $"# {entry.What}\n{string.Concat(JailParameters.Of(entry.Spec, entry.Spec.Root, entry.RunsShutdown).Select(parameter => $"{parameter}\n"))}\n"));

        Approved.Matches(table, Beside("jail-parameters.approved.txt"));
    }

    [Theory]
    [InlineData("/dev")]
    [InlineData("/dev /proc", "mount.procfs", "mount.fdescfs")]
    [InlineData("/dev /proc /dev/fd", "mount.fdescfs", "mount.procfs", "mount.nodevfs")]
    public void What_jail_mounts_on_is_made_before(string expected, params string[] parameters) =>
        Assert.Equal(expected, string.Join(' ', JailParameters.MountPointsOf(Plain with { Parameters = [.. parameters] })));

    [Theory]
    [InlineData("allow.raw_sockets", "allow.raw_sockets", null)]
    [InlineData("host.domainname=example.org", "host.domainname", "example.org")]
    [InlineData("exec.stop=echo a=b \"c\"; exit", "exec.stop", "echo a=b \"c\"; exit")]
    public void A_parameter_is_a_name_or_a_name_and_a_value(string text, string name, string? value) => Assert.Equal(new JailParameter(name, value), JailParameter.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("=x")]
    [InlineData("allow.raw_sockets=")]
    [InlineData("a b=c")]
    [InlineData("-f")]
    [InlineData("x;persist")]
    [InlineData("x{")]
    [InlineData("host.hostname=a\nb")]
    [InlineData("host.hostname=a\0b")]
    [InlineData("..=x")]
    public void What_is_no_parameter_is_refused(string text) =>
        Assert.Contains("is not a parameter of jail(8)", Assert.Throws<KleeneException>(() => JailParameter.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("name=x", "--name")]
    [InlineData("path=/", "files")]
    [InlineData("nopersist", "container")]
    [InlineData("vnet.interface=em0", "--network")]
    [InlineData("exec.jail_user=www", "--user")]
    [InlineData("mount.fstab=/etc/fstab", "--mount")]
    public void What_has_an_option_of_its_own_is_refused_with_its_name(string text, string hint) =>
        Assert.Contains(hint, Assert.Throws<KleeneException>(() => JailParameter.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("mount.nodevfs", "mount.devfs")]
    [InlineData("allow.noraw_sockets", "allow.raw_sockets")]
    [InlineData("nopersist", "persist")]
    [InlineData("host.hostname", "host.hostname")]
    public void A_parameter_and_its_opposite_are_about_one_thing(string name, string subject) => Assert.Equal(subject, new JailParameter(name, null).Subject);

    /// <summary>14-surprises: digits are a jail's number, and a dot leads into another jail.</summary>
    [Theory]
    [InlineData("123456789012")]
    [InlineData("000000000012")]
    [InlineData("77")]
    [InlineData("a.b")]
    [InlineData("sp ace")]
    [InlineData("-f")]
    [InlineData("../x1")]
    public void What_jail_would_take_for_something_else_is_no_id(string id) => Assert.Throws<ArgumentException>(() => JailName.Of(id, JailNetwork.None));

    [Fact]
    public void A_jail_on_a_stack_is_called_after_it() =>
        Assert.Equal("s9f8e7.a1b2", JailName.Of("a1b2", new JailNetwork.Joined("s9f8e7", "/hosts")));

    private static string Beside(string name, [CallerFilePath] string path = "") => Path.Join(Path.GetDirectoryName(path), name);
}
