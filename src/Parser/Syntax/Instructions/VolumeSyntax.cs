using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>VOLUME directory ...</c> or <c>VOLUME ["directory", ...]</c></summary>
internal sealed record VolumeSyntax(InstructionHead Head, ImmutableArray<Word> Paths) : InstructionSyntax(Head)
{
    public static VolumeSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (ArgumentGrammar.Array(head) is { } elements && CommandReader.Strings(elements, diagnostics).IsDefault)
        {
            return null;
        }

        if (ArgumentGrammar.WordsOrArray(head).Value is { Count: > 0 } paths)
        {
            return new VolumeSyntax(head, [.. paths]);
        }

        head.ReportMalformed(diagnostics, head.TextSpan, "names no directory");
        return null;
    }
}
