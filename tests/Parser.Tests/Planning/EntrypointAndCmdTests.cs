using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Parser.Tests.Planning;

public sealed class EntrypointAndCmdTests
{
    private static readonly StageConfig Base = new() { Entrypoint = ["be"], Cmd = ["bc"] };

    [Theory]
    [InlineData("", "be", "bc")]
    [InlineData("CMD [\"c\", \"d\"]", "be", "c|d")]
    [InlineData("CMD c d", "be", "/bin/sh|-c|c d")]
    [InlineData("CMD []", "be", "")]
    [InlineData("ENTRYPOINT e p", "/bin/sh|-c|e p", "")]
    [InlineData("ENTRYPOINT e p\nCMD [\"c\", \"d\"]", "/bin/sh|-c|e p", "c|d")]
    [InlineData("ENTRYPOINT e p\nCMD c d", "/bin/sh|-c|e p", "/bin/sh|-c|c d")]
    [InlineData("ENTRYPOINT [\"e\", \"p\"]", "e|p", "")]
    [InlineData("ENTRYPOINT [\"e\", \"p\"]\nCMD [\"c\", \"d\"]", "e|p", "c|d")]
    [InlineData("ENTRYPOINT [\"e\", \"p\"]\nCMD c d", "e|p", "/bin/sh|-c|c d")]
    // A CMD of the stage itself stays, wherever it stands; an inherited one was meant for another program.
    [InlineData("CMD [\"c\"]\nENTRYPOINT [\"e\"]", "e", "c")]
    [InlineData("ENTRYPOINT []", "", "")]
    [InlineData("ENTRYPOINT []\nCMD [\"c\"]", "", "c")]
    [InlineData("SHELL [\"/bin/csh\", \"-ec\"]\nENTRYPOINT e\nCMD c", "/bin/csh|-ec|e", "/bin/csh|-ec|c")]
    // No word of a command is expanded by the compiler.
    [InlineData("ARG X=1\nCMD [\"$X\"]\nENTRYPOINT echo $X \"${Y:-'z'}\"", "/bin/sh|-c|echo $X \"${Y:-'z'}\"", "$X")]
    public void The_configuration_says_what_starts(string instructions, string entrypoint, string cmd)
    {
        var options = new CompileOptions { BaseConfigs = new Dictionary<string, StageConfig> { ["base"] = Base } };

        var plan = Given.Plan($"FROM base\n{instructions}\n", options);

        Assert.Equal(entrypoint, string.Join('|', plan.Target.Config.Entrypoint));
        Assert.Equal(cmd, string.Join('|', plan.Target.Config.Cmd));
    }

    [Fact]
    public void A_cmd_of_an_earlier_stage_counts_as_inherited()
    {
        var plan = Given.Plan("FROM scratch AS one\nCMD [\"c\"]\nFROM one\nENTRYPOINT [\"e\"]\n");

        Assert.Equal<string>(["c"], plan.Stages[0].Config.Cmd);
        Assert.Empty(plan.Target.Config.Cmd);
    }
}
