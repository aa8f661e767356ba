using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>EXPOSE port[/protocol] ...</c></summary>
internal sealed record ExposeSyntax(InstructionHead Head, ImmutableArray<Word> Ports) : InstructionSyntax(Head)
{
    public static ExposeSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (ArgumentGrammar.Words(head).Value is { } ports)
        {
            return new ExposeSyntax(head, [.. ports]);
        }

        head.ReportMalformed(diagnostics, head.TextSpan, "names no port");
        return null;
    }
}
