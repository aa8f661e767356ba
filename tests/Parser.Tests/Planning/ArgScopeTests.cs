using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Parser.Tests.Planning;

public sealed class ArgScopeTests
{
    [Theory]
    // Where the value comes from: --build-arg, then the default of the stage, then what stands above the first FROM.
    [InlineData("FROM a\nARG V\nRUN x", "", "")]
    [InlineData("FROM a\nARG V=local\nRUN x", "", "V=local")]
    [InlineData("FROM a\nARG V=local\nRUN x", "V=cli", "V=cli")]
    [InlineData("FROM a\nARG V\nRUN x", "V=cli", "V=cli")]
    [InlineData("FROM a\nARG V=\nRUN x", "", "V=")]
    [InlineData("FROM a\nARG V=local\nRUN x", "V=", "V=")]
    [InlineData("ARG V=global\nFROM a\nRUN x", "", "")]
    [InlineData("ARG V=global\nFROM a\nRUN x", "V=cli", "")]
    [InlineData("ARG V=global\nFROM a\nARG V\nRUN x", "", "V=global")]
    [InlineData("ARG V=global\nFROM a\nARG V=local\nRUN x", "", "V=local")]
    [InlineData("ARG V=global\nFROM a\nARG V\nRUN x", "V=cli", "V=cli")]
    [InlineData("ARG V\nFROM a\nARG V\nRUN x", "V=cli", "V=cli")]
    [InlineData("FROM a\nRUN x", "V=cli", "")]
    // An instruction sees what was declared above it and not what it declares itself.
    [InlineData("FROM a\nRUN x\nARG V=late", "", "")]
    [InlineData("FROM a\nARG V=1\nARG W=$V X=${W:-none}\nRUN x", "", "V=1 W=1 X=none")]
    [InlineData("ARG A=1\nARG B=$A-2\nFROM a\nARG B\nRUN x", "", "B=1-2")]
    [InlineData("ARG A=1\nARG B=$A-2\nFROM a\nARG B\nRUN x", "A=9", "B=9-2")]
    // ENV beats ARG, wherever it stands.
    [InlineData("FROM a\nARG V=arg\nENV V=env\nRUN x", "V=cli", "V=env")]
    [InlineData("FROM a\nENV V=env\nARG V=arg\nRUN x", "V=cli", "V=env")]
    [InlineData("FROM a\nARG V=arg\nENV W=$V\nRUN x", "", "W=arg V=arg")]
    [InlineData("FROM a\nENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc\nRUN x", "", "abc=bye def=hello ghi=bye")]
    // A later ARG of the same name replaces the value; without a default it falls back.
    [InlineData("FROM a\nARG V=1\nARG V=2\nRUN x", "", "V=2")]
    [InlineData("ARG V=global\nFROM a\nARG V=1\nARG V\nRUN x", "", "V=global")]
    // The platform is known to FROM and to a stage that asks.
    [InlineData("FROM a\nARG TARGETARCH TARGETPLATFORM\nRUN x", "", "TARGETARCH=amd64 TARGETPLATFORM=linux/amd64")]
    [InlineData("FROM a\nARG TARGETARCH\nRUN x", "TARGETARCH=riscv64", "TARGETARCH=riscv64")]
    [InlineData("FROM a AS app\nARG TARGETSTAGE\nRUN x", "", "TARGETSTAGE=app")]
    public void A_command_has_the_arguments_in_scope(string text, string argument, string expected)
    {
        var options = new CompileOptions { Arguments = argument.Length == 0 ? BuildArguments.Empty : Given.Arguments(argument) };

        var plan = Given.Plan(text, options);

        Assert.Equal(expected, string.Join(' ', plan.Target.Run().Environment));
    }

    [Fact]
    public void A_stage_inherits_the_arguments_of_the_stage_it_starts_from_and_of_no_other()
    {
        var plan = Given.Plan("FROM a AS one\nARG V=1\nFROM one AS two\nRUN x\nFROM a AS three\nRUN x\n");

        Assert.Equal<string>(["V=1"], plan.Stages[1].Run().Environment);
        Assert.Empty(plan.Stages[2].Run().Environment);
    }

    [Fact]
    public void Arguments_do_not_go_into_the_image()
    {
        var plan = Given.Plan("FROM a\nARG SECRET=x\nENV USED=$SECRET\n");

        Assert.Equal<string>(["USED=x"], plan.Target.Config.Env);
    }

    [Fact]
    public void Only_from_lines_see_arguments_from_above_the_first_from()
    {
        var plan = Given.Plan("ARG TAG=12\nFROM debian:$TAG\nENV TAG2=$TAG\nFROM debian:${TAG}-slim\n", new CompileOptions { Arguments = Given.Arguments("TAG=13") });

        Assert.Equal(new StageBase.Image("debian:13"), plan.Stages[0].Base);
        Assert.Equal(new StageBase.Image("debian:13-slim"), plan.Stages[1].Base);
        Assert.Equal<string>(["TAG2="], plan.Stages[0].Config.Env);
    }

    [Fact]
    public void A_proxy_is_given_to_commands_beside_their_environment_until_an_arg_declares_it()
    {
        var options = new CompileOptions { Arguments = Given.Arguments("HTTPS_PROXY=http://p:1", "no_proxy=.local") };

        var plan = Given.Plan("FROM a\nRUN x\nARG HTTPS_PROXY\nRUN y\n", options);

        Assert.Empty(plan.Target.Run(1).Environment);
        Assert.Equal<string>(["HTTPS_PROXY=http://p:1", "no_proxy=.local"], plan.Target.Run(1).ProxyEnvironment);
        Assert.Equal<string>(["HTTPS_PROXY=http://p:1"], plan.Target.Run(2).Environment);
        Assert.Equal<string>(["no_proxy=.local"], plan.Target.Run(2).ProxyEnvironment);
    }
}
