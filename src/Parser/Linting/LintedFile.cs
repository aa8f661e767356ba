using System.Collections.Immutable;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Linting;

/// <summary>A file as rules see it: what is written, and what became of it.</summary>
internal sealed class LintedFile(KleenefileSyntax syntax, PlannedFile planned, CompileOptions options)
{
    public KleenefileSyntax Syntax => syntax;

    public CompileOptions Options => options;

    public char Escape => syntax.Notation.EscapeCharacter;

    public ImmutableArray<LintedStage> Stages { get; } = [.. planned.Stages.Select(stage => new LintedStage(stage))];

    /// <summary>The ARGs above the first FROM.</summary>
    public IEnumerable<ArgSyntax> Globals =>
        syntax.Instructions.TakeWhile(instruction => instruction is not FromSyntax).OfType<ArgSyntax>();

    /// <summary>The FROMs that could be read.</summary>
    public IEnumerable<FromSyntax> Openings => Stages.Select(stage => stage.From).OfType<FromSyntax>();
}
