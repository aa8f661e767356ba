using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>ONBUILD instruction</c>: kept in the image, and carried out by the builds that start from it.</summary>
/// <param name="Head">The keyword.</param>
/// <param name="Trigger">The instruction as it is kept: on one line, heredocs below.</param>
internal sealed record OnBuildSyntax(InstructionHead Head, string Trigger) : InstructionSyntax(Head)
{
    public static OnBuildSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        var line = head.Line;
        var text = line.Text[head.ArgumentsStart..].Trim();
        if (text.Length == 0)
        {
            head.ReportMalformed(diagnostics, head.TextSpan, "names no instruction");
            return null;
        }

        // Read now, so that its mistakes are found here and not by whoever starts from the image.
        var trigger = SyntaxReader.Read(line, head.ArgumentsStart, diagnostics);
        if (trigger is UnreadSyntax)
        {
            return null;
        }

        if (!trigger.Head.Definition.MayBeTrigger)
        {
            diagnostics.Report(Rules.InvalidTrigger, trigger.Head.Keyword.Span, $"ONBUILD does not take {trigger.Head.Name}");
            return null;
        }

        return new OnBuildSyntax(head, text + string.Concat(line.Heredocs.Select(heredoc => $"\n{heredoc.Body.Text}{heredoc.Name}")));
    }
}
