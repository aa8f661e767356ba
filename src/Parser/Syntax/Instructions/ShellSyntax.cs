using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>SHELL ["program", "argument"]</c></summary>
internal sealed record ShellSyntax(InstructionHead Head, ImmutableArray<Word> Arguments) : InstructionSyntax(Head)
{
    public static ShellSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (ArgumentGrammar.Array(head) is not { Count: > 0 } elements)
        {
            head.ReportMalformed(diagnostics, head.TextSpan, "takes a JSON array only");
            return null;
        }

        return CommandReader.Strings(elements, diagnostics) is { IsDefault: false } arguments ? new ShellSyntax(head, arguments) : null;
    }
}
