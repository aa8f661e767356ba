using System.Collections.Immutable;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Linting;

/// <summary>A stage as rules see it.</summary>
internal sealed class LintedStage(StagePlanner planned)
{
    /// <summary>Null when its FROM could not be read.</summary>
    public FromSyntax? From => planned.Opening as FromSyntax;

    public StageBase Base => planned.Base;

    /// <summary>The configuration at the end of the stage.</summary>
    public StageConfig Config => planned.Config;

    public ImmutableArray<LintedInstruction> Instructions { get; } =
        [.. planned.Instructions.Select(instruction => new LintedInstruction(instruction))];
}
