using System.Collections.Immutable;
using System.Diagnostics;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>What is executed: the words of the exec form as they are, or the text given to the shell of the stage.</summary>
internal static class CommandWords
{
    /// <summary>The text is never expanded here; the shell in the jail has the variables in its environment.</summary>
    public static ImmutableArray<string> Of(CommandSyntax command, StagePlanner stage) => command switch
    {
        CommandSyntax.Shell shell => [.. stage.Shell, shell.Text.Text],
        CommandSyntax.Exec exec => [.. exec.Arguments.Select(argument => argument.Text)],
        _ => throw new UnreachableException(),
    };
}
