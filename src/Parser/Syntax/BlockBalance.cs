using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Parser.Syntax;

/// <summary>Checks that IF, ELSE and END of one file belong together: a file that others include opens nothing that it does not close.</summary>
internal static class BlockBalance
{
    public static void Check(KleenefileSyntax file, DiagnosticBag diagnostics)
    {
        // What could not be read counts as well: an END is not at fault because its IF is.
        var open = new Stack<(InstructionHead If, bool HasElse)>();
        foreach (var head in file.Instructions.Select(instruction => instruction.Head))
        {
            switch (head.Name)
            {
                case "IF":
                    open.Push((head, false));
                    break;
                case "ELSE" when open.TryPop(out var block):
                    if (block.HasElse)
                    {
                        diagnostics.Report(Rules.UnbalancedBlock, head.Keyword.Span, "an ELSE stands above already; only ELSE IF may be followed by another one");
                    }

                    open.Push(block with { HasElse = head.ArgumentsStart >= head.Line.Text.TrimEnd().Length });
                    break;
                case "END" when open.TryPop(out _):
                    break;
                case "ELSE" or "END":
                    diagnostics.Report(Rules.UnbalancedBlock, head.Keyword.Span, $"{head.Name} stands here without an IF above it");
                    break;
            }
        }

        foreach (var (opening, _) in open)
        {
            diagnostics.Report(Rules.UnbalancedBlock, opening.Keyword.Span, "this IF has no END");
        }
    }
}
