using System.Collections.Immutable;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Linting;

/// <summary>A COPY or ADD of files that lie in the build context.</summary>
/// <param name="Instruction">The instruction.</param>
/// <param name="Sources">The words that name them, and what they come to.</param>
/// <param name="Exclude">Patterns of what is left out.</param>
internal sealed record ContextCopy(LintedInstruction Instruction, ImmutableArray<(Word Word, string Path)> Sources, ImmutableArray<string> Exclude)
{
    private static readonly ImmutableHashSet<string> Everything = [".", "", "*", "./*"];

    public TextSpan SourcesSpan => Sources[0].Word.Span.To(Sources[^1].Word.Span);

    /// <summary>Whether it takes the whole context.</summary>
    public bool TakesEverything => Exclude.IsEmpty && Sources.Any(source => Everything.Contains(source.Path));

    /// <summary>Whether a source that is not there is no mistake, or is to be found by other rules than those of paths.</summary>
    public bool MayBeMissing => Instruction.Step is BuildStep.Copy { MayBeMissing: true } or BuildStep.Copy { KeepsParents: true };

    public static ContextCopy? Of(LintedInstruction instruction)
    {
        if (instruction is not { Syntax: CopySyntax copy, Step: BuildStep.Copy { From: TreeOrigin.Context } step } || copy.Sources.Length != step.Sources.Length)
        {
            return null;
        }

        // What ADD fetches lies nowhere yet.
        ImmutableArray<(Word, string)> sources = [.. copy.Sources.Zip(step.Sources).Where(source => step.Add is null || RemoteSource.TryParse(source.Second, out _) is null)];
        return sources.IsEmpty ? null : new ContextCopy(instruction, sources, step.Exclude);
    }

    public static IEnumerable<ContextCopy> In(LintedFile file)
    {
        foreach (var stage in file.Stages)
        {
            foreach (var instruction in stage.Instructions)
            {
                if (Of(instruction) is { } copy)
                {
                    yield return copy;
                }
            }
        }
    }
}
