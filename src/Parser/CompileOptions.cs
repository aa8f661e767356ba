using System.Collections.Immutable;
using Kleene.Build.Parser.Linting;
using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Parser;

/// <summary>What a compilation knows beside the text.</summary>
public sealed record CompileOptions
{
    public static CompileOptions Default { get; } = new();

    public BuildArguments Arguments { get; init; } = BuildArguments.Empty;

    /// <summary>The name or number of the wanted stage; null means the last one.</summary>
    public string? Target { get; init; }

    /// <summary>
    /// The configuration of base images by the reference that FROM comes to (<see cref="StageBase.Image.Reference"/>).
    /// Of an image that is not here nothing is known, and what it brings is left out of the plan.
    /// </summary>
    public IReadOnlyDictionary<string, StageConfig> BaseConfigs { get; init; } = ImmutableDictionary<string, StageConfig>.Empty;

    /// <summary>An image that replaces the one that the target's chain of stages begins with.</summary>
    public string? BaseOverride { get; init; }

    /// <summary><c>NAME=value</c> for the commands of the build; it does not go into the image.</summary>
    public ImmutableArray<string> ExtraEnvironment { get; init; } = [];

    /// <summary>Who runs the commands of a stage until a USER in it says otherwise; empty leaves it to the base. It does not go into the image.</summary>
    public string CommandUser { get; init; } = "";

    /// <summary>Names that the caller gave to trees of its own.</summary>
    public NamedContexts NamedContexts { get; init; } = NamedContexts.Empty;

    /// <summary>What INCLUDE may name; null where there are no files.</summary>
    public IIncludedFiles? Includes { get; init; }

    /// <summary>What is built for, <c>os/architecture[/variant]</c>.</summary>
    public string Platform { get; init; } = "linux/amd64";

    /// <summary>How much is looked for beyond what the plan needs.</summary>
    public LintLevel Lint { get; init; } = LintLevel.None;

    /// <summary>The build context, for the rules that look into it; null where nobody is to look.</summary>
    public IContextFiles? Files { get; init; }

    /// <summary>What the build itself runs on.</summary>
    public string BuildPlatform { get; init; } = "linux/amd64";
}
