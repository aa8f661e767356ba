using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>The program that every run of the image starts.</summary>
internal static class EntrypointRule
{
    public static void Plan(EntrypointSyntax syntax, StagePlanner stage)
    {
        stage.NoteLastCounts(syntax.Head);
        stage.Config = stage.Config with { Entrypoint = CommandWords.Of(syntax.Command, stage) };

        // An inherited CMD was meant for another program.
        if (!stage.Has("CMD"))
        {
            stage.Config = stage.Config with { Cmd = [] };
        }
    }
}
