using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Parser.Tests.Planning;

public sealed class EnvironmentOriginTests
{
    [Fact]
    public void A_command_knows_where_each_of_its_variables_is_from()
    {
        var options = new CompileOptions
        {
            Arguments = Given.Arguments("GIVEN=cli"),
            ExtraEnvironment = ["EXTRA=1"],
            BaseConfigs = new Dictionary<string, StageConfig>(StringComparer.Ordinal) { ["a"] = new() { Env = ["OF=base", "BOTH=base"] } },
        };

        var run = Given.Plan("FROM a\nARG GIVEN\nARG KEPT=1\nENV BOTH=env\n\nENV MORE=2\nRUN x\n", options).Target.Run();

        Assert.Equal(
            [
                "PATH Default ", "OF=base Base ", "BOTH=env Environment Kleenefile:4", "MORE=2 Environment Kleenefile:6",
                "EXTRA=1 Option ", "GIVEN=cli BuildArgument Kleenefile:2", "KEPT=1 Argument Kleenefile:3",
            ],
            run.Environment.Zip(run.EnvironmentOrigins, (entry, origin) => $"{(entry.StartsWith("PATH=", StringComparison.Ordinal) ? "PATH" : entry)} {origin.Source} {origin.Place}"));
    }

    [Fact]
    public void What_a_stage_inherits_keeps_its_origin()
    {
        var plan = Given.Plan("FROM a AS one\nARG V=1\nENV W=2\nFROM one\nRUN x\n");

        Assert.Equal(["Kleenefile:3", "Kleenefile:2"], plan.Target.Run().EnvironmentOrigins.Select(origin => origin.Place));
    }

    [Theory]
    [InlineData("RUN --report=out x", "/w/out")]
    [InlineData("RUN --report=/a/../b --report=$V x", "/b /w/v")]
    [InlineData("RUN --report=/b --report=/b/. x", "/b")]
    public void Reports_are_paths_of_the_image(string run, string expected) =>
        Assert.Equal(expected, string.Join(' ', Given.Plan($"FROM a\nARG V=v\nWORKDIR /w\n{run}\n").Target.Steps.OfType<BuildStep.Run>().Single().Reports));
}
