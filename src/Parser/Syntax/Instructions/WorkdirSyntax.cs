using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>WORKDIR directory</c>; everything on the line belongs to it, blanks included.</summary>
internal sealed record WorkdirSyntax(InstructionHead Head, Word Path) : InstructionSyntax(Head)
{
    public static WorkdirSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (ArgumentGrammar.Text(head) is { } text)
        {
            return new WorkdirSyntax(head, text);
        }

        head.ReportMalformed(diagnostics, head.TextSpan, "names no directory");
        return null;
    }
}
