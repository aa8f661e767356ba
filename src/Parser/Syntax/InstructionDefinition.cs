using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Parser.Syntax;

/// <summary>Reads the arguments of an instruction; null when they do not fit, which it has then reported.</summary>
internal delegate InstructionSyntax? InstructionReader(InstructionHead head, DiagnosticBag diagnostics);

/// <summary>Folds an instruction into the stage that is being planned.</summary>
internal delegate void PlanningRule(InstructionSyntax syntax, StagePlanner stage);

/// <summary>One row of <see cref="InstructionTable"/>.</summary>
internal sealed record InstructionDefinition
{
    /// <summary>In upper case.</summary>
    public required string Name { get; init; }

    /// <summary>How it is written, for messages.</summary>
    public required string Form { get; init; }

    /// <summary>How its arguments may be laid out. What nobody has thought about stays as it was written.</summary>
    public ArgumentShape Shape { get; init; } = ArgumentShape.Text;

    public required InstructionReader Read { get; init; }

    /// <summary>How Kleene reads it, for files that ask for that; null where Kleene has no such instruction.</summary>
    public InstructionReader? ReadAsKleene { get; init; }

    /// <summary>Null where the planner itself acts on it, as on FROM.</summary>
    public PlanningRule? Plan { get; init; }

    /// <summary>Whether it may stand before the first FROM.</summary>
    public bool MayStandFirst { get; init; }

    /// <summary>Whether it may stand behind ONBUILD.</summary>
    public bool MayBeTrigger { get; init; } = true;

    /// <summary>Whether it is an addition to Docker's language, off in a file that asks for another builder's.</summary>
    public bool IsAddition { get; init; }

    public ImmutableArray<string> Flags { get; init; } = [];

    /// <summary>Those of <see cref="Flags"/> that may be given more than once.</summary>
    public ImmutableArray<string> RepeatableFlags { get; init; } = [];

    /// <summary>Those of <see cref="Flags"/> that are on or off: alone, or with <c>=true</c> or <c>=false</c>.</summary>
    public ImmutableArray<string> Switches { get; init; } = [];

    /// <summary>Those of <see cref="Flags"/> that are this builder's own; a file in a foreign dialect has no such flag.</summary>
    public ImmutableArray<string> AddedFlags { get; init; } = [];

    /// <summary>Flags of the language that cannot be built yet.</summary>
    public ImmutableArray<string> LaterFlags { get; init; } = [];

    /// <summary>A row with a reader and a rule that agree on the kind of instruction.</summary>
    public static InstructionDefinition Of<T>(string name, string form, Func<InstructionHead, DiagnosticBag, T?> read, Action<T, StagePlanner>? plan)
        where T : InstructionSyntax => new()
        {
            Name = name,
            Form = form,
            Read = (head, diagnostics) => read(head, diagnostics),
            Plan = plan is null ? null : (syntax, stage) => plan((T)syntax, stage),
        };
}
