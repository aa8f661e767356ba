using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>COPY source ... destination</c> or <c>COPY ["source", ..., "destination"]</c>, and the same of ADD.</summary>
/// <param name="Head">The keyword and the flags.</param>
/// <param name="Sources">Those that are paths.</param>
/// <param name="Destination">The last word.</param>
/// <param name="Files">The sources that are heredocs.</param>
internal sealed record CopySyntax(InstructionHead Head, ImmutableArray<Word> Sources, Word Destination, ImmutableArray<HeredocSyntax> Files)
    : InstructionSyntax(Head)
{
    /// <summary>Whether it copies as Kleene does, by cp -R into what is below the working directory.</summary>
    public bool IsKleenes { get; init; }

    public static CopySyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (ArgumentGrammar.Array(head) is { } elements && CommandReader.Strings(elements, diagnostics).IsDefault)
        {
            return null;
        }

        var words = ArgumentGrammar.WordsOrArray(head).Value ?? [];
        switch (words.Count)
        {
            case 0:
                head.ReportMalformed(diagnostics, head.TextSpan, "names no files");
                return null;
            case 1:
                head.ReportMalformed(diagnostics, words[0].Span, $"has '{words[0].Text}' and no destination");
                return null;
            default:
                return HeredocWords.Separate([.. words.Take(words.Count - 1)], words[^1], head, diagnostics) is { } sources
                    ? new CopySyntax(head, sources.Paths, words[^1], sources.Files)
                    : null;
        }
    }
}
