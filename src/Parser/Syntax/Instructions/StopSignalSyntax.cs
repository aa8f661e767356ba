using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>STOPSIGNAL signal</c>; everything on the line belongs to it, blanks included.</summary>
internal sealed record StopSignalSyntax(InstructionHead Head, Word Signal) : InstructionSyntax(Head)
{
    public static StopSignalSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (ArgumentGrammar.Text(head) is { } text)
        {
            return new StopSignalSyntax(head, text);
        }

        head.ReportMalformed(diagnostics, head.TextSpan, "names no signal");
        return null;
    }
}
