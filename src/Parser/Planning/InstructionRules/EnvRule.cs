using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Sets variables of the image and of the commands that follow.</summary>
internal static class EnvRule
{
    public static void Plan(EnvSyntax syntax, StagePlanner stage)
    {
        foreach (var (name, value) in PairExpander.Expand(syntax.Head, syntax.Pairs, syntax.IsLegacy, stage))
        {
            stage.SetEnvironment(name, value, syntax.Head.PlaceText);
        }
    }
}
