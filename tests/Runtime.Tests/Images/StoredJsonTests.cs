using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Networks;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Images;

/// <summary>What the database keeps as JSON is read again by later versions, by generated code only.</summary>
public sealed class StoredJsonTests
{
    [Fact]
    public void A_configuration_comes_back_as_it_was()
    {
        const string Json = """{"Env":["A=b c","Q=\u0022"],"Cmd":["sh"],"Entrypoint":["/e"],"User":"u:g","WorkingDir":"/w","ExposedPorts":{"80/tcp":{}},"Volumes":{"/v":{}},"Labels":{"a":"1","b":""},"StopSignal":"SIGINT","Shell":["/bin/sh","-c"],"OnBuild":["RUN x"]}""";

        Assert.Equal(Json, ImageConfig.Parse(Json).ToJson());
    }

    [Fact]
    public void An_empty_configuration_has_nothing_that_is_null()
    {
        var config = ImageConfig.Parse("{}");

        Assert.Equal(new ImageConfig().ToJson(), config.ToJson());
        Assert.Empty(config.Env);
        Assert.Empty(config.Labels);
        Assert.Equal("", config.User);
    }

    [Fact]
    public void A_container_s_specification_comes_back_as_it_was()
    {
        var spec = new ContainerSpec
        {
            Argv = ["sh", "-c", "echo \"it's $HOME\"\r\n"],
            Environment = ["A=ü"],
            User = "u",
            WorkingDirectory = "/a b",
            Hostname = "h",
            Network = new NetworkRequest
            {
                Driver = NetworkDriver.Vnet,
                Endpoints = [new EndpointRequest { Network = "n", Address = "10.0.0.9", Aliases = ["a", "b"] }],
                Ports = [new PortPublication { HostInterface = "eth0", HostPort = 80, ContainerPort = 8080, Count = 3, Protocol = PortProtocol.Udp }],
                Resolvers = ["::1"],
            },
            Mounts = [new JailMount("/from here", "/to", true)],
            ExtraHosts = [new HostEntry("::1", "me")],
            Limits = new JailLimits(1L << 40, 1.5, 7),
            ReadOnlyRoot = true,
            Terminal = true,
            StopSignal = "9",
            RemoveAtExit = true,
        };

        var back = ContainerSpec.Parse(spec.ToJson());

        Assert.Equal(spec.ToJson(), back.ToJson());
        Assert.Equal(spec.Mounts.AsEnumerable(), back.Mounts);
        Assert.Equal(spec.ExtraHosts.AsEnumerable(), back.ExtraHosts);
        Assert.Equal(spec.Network.Ports.AsEnumerable(), back.Network.Ports);
        Assert.Equal(spec.Limits, back.Limits);
        Assert.Equal((NetworkDriver.Vnet, true, true, true), (back.Network.Driver, back.ReadOnlyRoot, back.Terminal, back.RemoveAtExit));
    }

    [Fact]
    public void A_specification_of_an_older_version_has_the_defaults_for_what_it_lacks()
    {
        var spec = ContainerSpec.Parse("""{"Argv":["true"]}""");

        Assert.Equal(new ContainerSpec { Argv = ["true"] }.ToJson(), spec.ToJson());
        Assert.Empty(spec.Mounts);
        Assert.Equal("/", spec.WorkingDirectory);
    }
}
