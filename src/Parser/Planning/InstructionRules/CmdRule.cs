using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>The default command, or the default arguments of the entrypoint.</summary>
internal static class CmdRule
{
    public static void Plan(CmdSyntax syntax, StagePlanner stage)
    {
        stage.NoteLastCounts(syntax.Head);
        stage.Config = stage.Config with { Cmd = CommandWords.Of(syntax.Command, stage) };
    }
}
