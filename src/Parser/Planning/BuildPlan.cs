using System.Collections.Immutable;

namespace Kleene.Build.Parser.Planning;

/// <summary>What a Kleenefile asks for, with every word expanded: stages in file order and the one that is wanted.</summary>
public sealed record BuildPlan
{
    /// <summary>The name of the file as it is shown to people; never opened.</summary>
    public required string Kleenefile { get; init; }

    public required ImmutableArray<PlannedStage> Stages { get; init; }

    /// <summary>Index into <see cref="Stages"/> of the stage that becomes the image.</summary>
    public required int TargetIndex { get; init; }

    public PlannedStage Target => Stages[TargetIndex];
}

/// <summary>One <c>FROM</c> and what follows it.</summary>
public sealed record PlannedStage
{
    /// <summary>Position in the file, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>Where its FROM stands, as messages begin: <c>Kleenefile:1</c>.</summary>
    public string Place { get; init; } = "";

    /// <summary>The name given by <c>AS</c>, in lower case; null when the stage has none.</summary>
    public string? Name { get; init; }

    public required StageBase Base { get; init; }

    /// <summary>Whether the target needs this stage, directly or through others.</summary>
    public required bool IsReachable { get; init; }

    /// <summary>The stages this one reads, by index: its base and every <c>COPY --from</c>.</summary>
    public ImmutableArray<int> Dependencies { get; init; } = [];

    public ImmutableArray<BuildStep> Steps { get; init; } = [];

    /// <summary>The configuration at the end of the stage, what the base image brings included when it was known to the compiler.</summary>
    public required StageConfig Config { get; init; }

    /// <summary>The name, or the index where there is none.</summary>
    public string DisplayName => Name ?? Index.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>What a stage starts from.</summary>
public abstract record StageBase
{
    private StageBase()
    {
    }

    /// <summary>An image by reference, <c>name[:tag][@snapshot]</c>.</summary>
    public sealed record Image(string Reference) : StageBase;

    /// <summary>An earlier stage of the same file.</summary>
    public sealed record Stage(int Index) : StageBase;

    /// <summary>The empty file system.</summary>
    public sealed record Scratch : StageBase;
}
