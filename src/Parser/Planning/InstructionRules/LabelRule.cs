using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Sets labels; those of the base image stay unless set anew.</summary>
internal static class LabelRule
{
    public static void Plan(LabelSyntax syntax, StagePlanner stage)
    {
        foreach (var (name, value) in PairExpander.Expand(syntax.Head, syntax.Pairs, syntax.IsLegacy, stage))
        {
            stage.Config = stage.Config with { Labels = stage.Config.Labels.SetItem(name, value.Value) };
        }
    }
}
