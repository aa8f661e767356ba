using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>USER name[:group]</c>; everything on the line belongs to it, blanks included.</summary>
internal sealed record UserSyntax(InstructionHead Head, Word Name) : InstructionSyntax(Head)
{
    public static UserSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (ArgumentGrammar.Text(head) is { } text)
        {
            return new UserSyntax(head, text);
        }

        head.ReportMalformed(diagnostics, head.TextSpan, "names no user");
        return null;
    }
}
