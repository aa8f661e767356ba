using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Planning;

/// <summary>An instruction of a stage and the step that it became; most become none.</summary>
internal sealed record PlannedInstruction(InstructionSyntax Syntax)
{
    public BuildStep? Step { get; set; }
}
