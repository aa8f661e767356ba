using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary>Reads the pairs of ENV and LABEL and says what is wrong with them.</summary>
internal static class PairReader
{
    public static PairArguments? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        var result = ArgumentGrammar.Pairs(head);
        if (result.Value is { } pairs)
        {
            return pairs;
        }

        if (result.Stopped.Length == 0)
        {
            head.ReportMalformed(diagnostics, head.TextSpan, "ends too early");
        }
        else
        {
            head.ReportMalformed(diagnostics, result.Stopped.Span, $"needs '=' in '{result.Stopped.Text}'");
        }

        return null;
    }
}
