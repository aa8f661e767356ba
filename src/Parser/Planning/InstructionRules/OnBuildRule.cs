using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Keeps an instruction for the builds that start from this image.</summary>
internal static class OnBuildRule
{
    public static void Plan(OnBuildSyntax syntax, StagePlanner stage) =>
        stage.Config = stage.Config with { OnBuild = stage.Config.OnBuild.Add(syntax.Trigger) };
}
