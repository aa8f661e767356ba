using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>INCLUDE path</c>: the instructions of another file stand here.</summary>
internal sealed record IncludeSyntax(InstructionHead Head, Word Path) : InstructionSyntax(Head)
{
    public static IncludeSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        switch (ArgumentGrammar.WordsOrArray(head).Value)
        {
            case null or []:
                head.ReportMalformed(diagnostics, head.TextSpan, "names no file");
                return null;
            case [var path] when path.Text.Contains('$', StringComparison.Ordinal):
                // What a file consists of must not hang on values: it is read before there are any.
                head.ReportMalformed(diagnostics, path.Span, "takes no variables; write IF around it to choose between files");
                return null;
            case [var path]:
                return new IncludeSyntax(head, path);
            case [_, var second, ..]:
                head.ReportMalformed(diagnostics, second.Span, $"takes one file, '{second.Text}' is one too many; a path with blanks is written as [\"a path\"]");
                return null;
        }
    }
}
