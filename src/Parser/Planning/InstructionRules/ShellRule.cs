using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>What the shell forms that follow are given to.</summary>
internal static class ShellRule
{
    public static void Plan(ShellSyntax syntax, StagePlanner stage) =>
        stage.Config = stage.Config with { Shell = [.. syntax.Arguments.Select(argument => argument.Text)] };
}
