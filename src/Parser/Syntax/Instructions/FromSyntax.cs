using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>FROM image [AS name]</c></summary>
internal sealed record FromSyntax(InstructionHead Head, Word Image, Word? Name) : InstructionSyntax(Head)
{
    public static FromSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        var result = ArgumentGrammar.From(head);
        if (result.Value is { } from)
        {
            return new FromSyntax(head, from.Image, from.Name);
        }

        var problem = result.Stopped.Length == 0 ? "ends too early" : $"does not take '{result.Stopped.Text}' here";
        head.ReportMalformed(diagnostics, result.Stopped.Length == 0 ? head.TextSpan : result.Stopped.Span, problem);
        return null;
    }
}
