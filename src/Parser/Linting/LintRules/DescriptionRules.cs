using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Linting.LintRules;

/// <summary>Comments that tools show as the description of a stage or an argument.</summary>
internal static class DescriptionRules
{
    public static void InvalidDefinitionDescription(LintedFile file, DiagnosticBag found)
    {
        foreach (var argument in file.Globals)
        {
            Check(argument, file, found);
        }

        foreach (var stage in file.Stages)
        {
            if (stage.From is { Name: { } name } from)
            {
                Check(from.Head, [name.Text.ToLowerInvariant()], file, found);
            }

            foreach (var argument in stage.Instructions.Select(instruction => instruction.Syntax).OfType<ArgSyntax>())
            {
                Check(argument, file, found);
            }
        }
    }

    private static void Check(ArgSyntax argument, LintedFile file, DiagnosticBag found) =>
        Check(argument.Head, [.. argument.Declarations.Select(declaration => declaration.Name.Text)], file, found);

    private static void Check(InstructionHead head, string[] names, LintedFile file, DiagnosticBag found)
    {
        // Only a comment right above describes; an empty line between makes it one like any other.
        if (CommentsAbove.Of(head).FirstOrDefault() is not { Source: not null } comment
            || comment.StartPosition.Line != head.Keyword.Span.StartPosition.Line - 1
            || file.Syntax.Directives.Any(directive => directive.NameSpan.Start >= comment.Start && directive.NameSpan.End <= comment.End))
        {
            return;
        }

        var text = comment.Text.Trim().TrimStart('#').TrimStart();
        if (!names.Contains(text.Split(' ')[0]))
        {
            var name = names is [var only] ? only : "NAME";
            found.Report(Rules.InvalidDefinitionDescription, comment, $"the comment above {head.Name} describes it and should begin with its name: '# {name} ...'");
        }
    }
}
