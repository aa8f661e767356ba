using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>IF condition</c>: what follows counts only when it holds.</summary>
internal sealed record IfSyntax(InstructionHead Head, ConditionSyntax Condition) : InstructionSyntax(Head)
{
    public static IfSyntax? Read(InstructionHead head, DiagnosticBag diagnostics) =>
        ConditionReader.Read(head, ArgumentGrammar.QuotedWords(head), diagnostics) is { } condition ? new IfSyntax(head, condition) : null;
}

/// <summary><c>ELSE</c> or <c>ELSE IF condition</c>: what follows counts when nothing above it did.</summary>
/// <param name="Head">The keyword.</param>
/// <param name="Condition">Null where there is none.</param>
internal sealed record ElseSyntax(InstructionHead Head, ConditionSyntax? Condition) : InstructionSyntax(Head)
{
    public static ElseSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (ArgumentGrammar.QuotedWords(head) is not [var first, ..] words)
        {
            return new ElseSyntax(head, null);
        }

        if (!first.Text.Equals("IF", StringComparison.OrdinalIgnoreCase))
        {
            head.ReportMalformed(diagnostics, first.Span, $"has '{first.Text}' where only IF may be");
            return null;
        }

        return ConditionReader.Read(head, [.. words.Skip(1)], diagnostics) is { } condition ? new ElseSyntax(head, condition) : null;
    }
}

/// <summary><c>END</c>: closes the nearest IF.</summary>
internal sealed record EndSyntax(InstructionHead Head) : InstructionSyntax(Head)
{
    public static EndSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (ArgumentGrammar.QuotedWords(head) is not [var first, ..])
        {
            return new EndSyntax(head);
        }

        head.ReportMalformed(diagnostics, first.Span, $"takes nothing, not '{first.Text}'");
        return null;
    }
}
