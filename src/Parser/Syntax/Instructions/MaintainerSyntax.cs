using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>MAINTAINER name</c>; everything on the line belongs to it, blanks included.</summary>
internal sealed record MaintainerSyntax(InstructionHead Head, Word Name) : InstructionSyntax(Head)
{
    public static MaintainerSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (ArgumentGrammar.Text(head) is { } text)
        {
            return new MaintainerSyntax(head, text);
        }

        head.ReportMalformed(diagnostics, head.TextSpan, "names nobody");
        return null;
    }
}
