using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Who runs the commands that follow and the image.</summary>
internal static class UserRule
{
    public static void Plan(UserSyntax syntax, StagePlanner stage)
    {
        if (stage.ExpandToSomething(syntax.Name, "the user") is { } user)
        {
            stage.Config = stage.Config with { User = user.Value };
            stage.HasUser = true;
        }
    }
}
