using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>ARG name[=default] ...</c></summary>
internal sealed record ArgSyntax(InstructionHead Head, ImmutableArray<PairSyntax> Declarations) : InstructionSyntax(Head)
{
    public static ArgSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (ArgumentGrammar.Declarations(head).Value is not { } declarations)
        {
            head.ReportMalformed(diagnostics, head.TextSpan, "names no argument");
            return null;
        }

        return new ArgSyntax(head, [.. declarations]);
    }
}
