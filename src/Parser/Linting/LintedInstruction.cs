using System.Collections.Immutable;
using Kleene.Build.Parser.Linting.Shell;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Linting;

/// <summary>An instruction as rules see it.</summary>
internal sealed class LintedInstruction(PlannedInstruction planned)
{
    private ImmutableArray<ShellCommand> commands;

    public InstructionSyntax Syntax => planned.Syntax;

    public InstructionHead Head => planned.Syntax.Head;

    /// <summary>Where it stands, for a message about a place in <paramref name="source"/>.</summary>
    public string PlaceFrom(SourceText source)
    {
        var place = Head.Keyword.Span;
        var line = place.StartPosition.Line;
        return ReferenceEquals(place.Source, source) ? $"line {line}" : $"{place.Source.Path}:{line}";
    }

    /// <summary>Null when it became none.</summary>
    public BuildStep? Step => planned.Step;

    /// <summary>The commands of a RUN; read once, however many rules ask.</summary>
    public ImmutableArray<ShellCommand> Commands
    {
        get
        {
            if (commands.IsDefault)
            {
                commands = RunCommands.Of(Syntax);
            }

            return commands;
        }
    }
}
