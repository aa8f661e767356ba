using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser;

/// <summary>What became of a Kleenefile: a plan, or the reasons why there is none.</summary>
public sealed record Compilation
{
    public required SourceText Source { get; init; }

    /// <summary>Null when there is any error.</summary>
    public BuildPlan? Plan { get; init; }

    /// <summary>Everything found, in the order of the file.</summary>
    public ImmutableArray<Diagnostic> Diagnostics { get; init; } = [];

    public bool HasErrors => Diagnostics.Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
}
