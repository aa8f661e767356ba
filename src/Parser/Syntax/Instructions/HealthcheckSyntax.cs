using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>HEALTHCHECK CMD command</c> or <c>HEALTHCHECK NONE</c></summary>
/// <param name="Head">The keyword and the flags.</param>
/// <param name="Command">What is run; null for NONE.</param>
internal sealed record HealthcheckSyntax(InstructionHead Head, CommandSyntax? Command) : InstructionSyntax(Head)
{
    public static HealthcheckSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (ArgumentGrammar.Text(head) is not { } text)
        {
            head.ReportMalformed(diagnostics, head.TextSpan, "has neither a command nor NONE");
            return null;
        }

        var kindLength = text.Text.Split((char[]?)null, 2)[0].Length;
        var kind = text.Slice(0, kindLength);
        var rest = text.Slice(text.Text.Length - text.Text.AsSpan(kindLength).TrimStart().Length, text.Text.Length);
        switch (kind.Text.ToUpperInvariant())
        {
            case "CMD":
                return CommandReader.Read(head with { ArgumentsStart = rest.Start }, diagnostics) is { } command ? new HealthcheckSyntax(head, command) : null;

            case "NONE" when rest.Length > 0:
                head.ReportMalformed(diagnostics, rest.Span, "NONE takes nothing more");
                return null;

            case "NONE" when head.Flags is [var flag, ..]:
                diagnostics.Report(Rules.InvalidFlag, flag.Word.Span, $"'--{flag.Name}' means nothing here: HEALTHCHECK NONE checks nothing");
                return null;

            case "NONE":
                return new HealthcheckSyntax(head, Command: null);

            default:
                head.ReportMalformed(diagnostics, kind.Span, $"has '{kind.Text}' where CMD or NONE has to be");
                return null;
        }
    }
}
