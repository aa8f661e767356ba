using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Expansion;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Linting.LintRules;

/// <summary>The images that stages start from and copy out of.</summary>
internal static class BaseImageRules
{
    /// <summary>What FROM would come to if the caller gave no arguments.</summary>
    public static void InvalidDefaultArgInFrom(LintedFile file, DiagnosticBag found)
    {
        if (!file.Openings.Any(from => from.Image.Text.Contains('$')) || Defaults(file) is not { } defaults)
        {
            return;
        }

        foreach (var from in file.Openings.Where(from => from.Image.Text.Contains('$')))
        {
            // A ${X:?} is an error of its own.
            if (WordExpander.Expand(from.Image.Text, defaults, file.Escape) is { Error: null } image && !ImageName.IsValid(image.Value))
            {
                found.Report(
                    Rules.InvalidDefaultArgInFrom, from.Image.Span,
                    image.Value.Length == 0
                        ? $"without build arguments '{from.Image.Text}' is empty"
                        : $"without build arguments '{from.Image.Text}' is '{image.Value}', which names no image");
            }
        }
    }

    public static void UnpinnedBaseImage(LintedFile file, DiagnosticBag found)
    {
        var names = file.Openings.Select(from => from.Name?.Text).OfType<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var stage in file.Stages)
        {
            // A name that a stage has as well is a mistake of another kind.
            if (stage.From is { } from && stage.Base is StageBase.Image { Reference: var reference } && file.Options.BaseOverride is null && !names.Contains(reference))
            {
                Report(reference, from.Image.Span, found);
            }

            foreach (var instruction in stage.Instructions)
            {
                if (instruction.Step is BuildStep.Copy { From: TreeOrigin.Image image } && instruction.Head.Flag("from") is { } flag)
                {
                    Report(image.Reference, flag.Span, found);
                }
            }
        }
    }

    private static void Report(string reference, TextSpan span, DiagnosticBag found)
    {
        if (!ImageName.IsValid(reference) || reference.Contains('@'))
        {
            return;
        }

        var tag = ImageName.TagOf(reference);
        if (tag is null or "latest")
        {
            found.Report(
                Rules.UnpinnedBaseImage, span,
                tag is null ? $"'{reference}' has no tag, so it means whatever is latest" : $"'{reference}' means another image every time it is published");
        }
    }

    /// <summary>The scope of FROM with nothing but the file's own defaults; null when one of them cannot be expanded.</summary>
    private static GlobalScope? Defaults(LintedFile file)
    {
        var scope = new GlobalScope(file.Options with { Arguments = BuildArguments.Empty }, targetStage: "");
        foreach (var declaration in file.Globals.SelectMany(argument => argument.Declarations))
        {
            var value = declaration.Value is { } written ? WordExpander.Expand(written.Text, scope, file.Escape) : null;
            if (value is { Error: not null })
            {
                return null;
            }

            scope.Declare(declaration.Name.Text, value?.Value ?? scope.Find(declaration.Name.Text), new VariableOrigin(VariableSource.Argument));
        }

        return scope;
    }
}
