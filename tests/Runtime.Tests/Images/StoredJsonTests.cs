using System.Text.Json;
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
    public void A_configuration_with_all_that_may_be_left_out_comes_back_as_it_was()
    {
        const string Json = """{"Platform":"linux/arm64","Author":"\u00C4nne \u003Ca@b\u003E","Env":[],"Cmd":[],"Entrypoint":[],"User":"","WorkingDir":"","ExposedPorts":{},"Volumes":{},"Labels":{},"StopSignal":"","Healthcheck":{"Test":["CMD","true"],"Interval":5000000000,"Retries":3},"Shell":[],"OnBuild":[]}""";

        var config = ImageConfig.Parse(Json);

        Assert.Equal(Json, config.ToJson());
        Assert.Equal("Änne <a@b>", config.Author);
    }

    [Fact]
    public void What_a_configuration_does_not_know_is_passed_over_and_null_is_nothing()
    {
        var config = ImageConfig.Parse("""{"Later":{"a":[1,{}]},"User":null,"Env":null,"Labels":null,"Volumes":null,"Healthcheck":null,"Author":null,"Cmd":["x"],"Also":[[]]}""");

        Assert.Equal(new ImageConfig { Cmd = ["x"] }.ToJson(), config.ToJson());
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("""{"User":1}""")]
    [InlineData("""{"Env":"A=b"}""")]
    [InlineData("""{"Env":[null]}""")]
    [InlineData("""{"Env":["A"]""")]
    [InlineData("""{"Labels":[]}""")]
    [InlineData("""{"Healthcheck":{"Interval":"5"}}""")]
    public void What_is_no_configuration_is_not_read(string text) => Assert.ThrowsAny<JsonException>(() => ImageConfig.Parse(text));

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
