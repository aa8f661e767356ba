using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Opens a stage: on an image, on an earlier stage, on files of the caller's or on nothing.</summary>
internal static class FromRule
{
    /// <param name="syntax">Null when the FROM could not be read; the stage is then opened all the same.</param>
    /// <param name="context">What the stages share.</param>
    /// <param name="earlier">The stages above.</param>
    /// <param name="isOverridden">Whether the caller replaces the base of this stage.</param>
    public static StagePlanner Plan(FromSyntax? syntax, PlanningContext context, IReadOnlyList<StagePlanner> earlier, bool isOverridden)
    {
        var index = earlier.Count;
        if (syntax is null)
        {
            return OnImage("", syntax, context, index);
        }

        CheckName(syntax, context, index);
        CheckPlatform(syntax, context);

        var written = Expand(syntax.Image, context);
        if (written is { Length: 0 })
        {
            context.Diagnostics.Report(Rules.EmptyValue, syntax.Image.Span, $"the image is empty: '{syntax.Image.Text}'");
        }

        // A tree of the caller's takes the place of a stage with its name, and of an image.
        if (!isOverridden && syntax.Name is { } stageName && OnNamed(stageName.Text, syntax, context, index) is { } replaced)
        {
            replaced.IsReplaced = true;
            return replaced;
        }

        var reference = isOverridden ? context.Options.BaseOverride ?? "" : written ?? "";
        if (reference.Equals("scratch", StringComparison.OrdinalIgnoreCase))
        {
            return new StagePlanner(context, index, new StageBase.Scratch(), new StageConfig());
        }

        if (!isOverridden && context.Stages.FindByName(reference, before: index) is { } parent)
        {
            return new StagePlanner(earlier[parent], index);
        }

        if (!isOverridden && OnNamed(reference, syntax, context, index) is { } named)
        {
            return named;
        }

        if (!isOverridden && context.Stages.FindLater(reference, from: index + 1) is { } later)
        {
            context.Diagnostics.Report(
                Rules.FromNamesLaterStage, syntax.Image.Span,
                $"the stage '{reference}' is defined only later, as number {later}; this FROM takes the image '{reference}'");
        }

        return OnImage(reference, syntax, context, index);
    }

    /// <summary>Null when the caller has no tree of that name. Files become those of an image that has nothing else.</summary>
    private static StagePlanner? OnNamed(string name, FromSyntax syntax, PlanningContext context, int index)
    {
        switch (context.Options.NamedContexts.Find(name))
        {
            case NamedContext.Image image when image.Reference.Equals("scratch", StringComparison.OrdinalIgnoreCase):
                return new StagePlanner(context, index, new StageBase.Scratch(), new StageConfig());
            case NamedContext.Image image:
                return OnImage(image.Reference, syntax, context, index);
            case NamedContext.Files:
                var stage = new StagePlanner(context, index, new StageBase.Scratch(), new StageConfig());
                stage.Add(syntax.Head, new BuildStep.Copy { From = new TreeOrigin.Named(NamedContexts.Familiar(name)), Sources = ["."], Destination = "/" });
                return stage;
            default:
                return null;
        }
    }

    private static StagePlanner OnImage(string reference, FromSyntax? syntax, PlanningContext context, int index)
    {
        var known = context.Options.BaseConfigs.GetValueOrDefault(reference);
        if (syntax is not null && known is { OnBuild.Length: > 0 })
        {
            context.Diagnostics.Report(
                Rules.NotSupportedYet, syntax.Image.Span, $"the image '{reference}' has ONBUILD instructions, which is not supported yet");
        }

        return new StagePlanner(context, index, new StageBase.Image(reference), known);
    }

    private static void CheckName(FromSyntax syntax, PlanningContext context, int index)
    {
        if (syntax.Name is not { } name)
        {
            return;
        }

        var lower = name.Text.ToLowerInvariant();
        var isName = char.IsAsciiLetterLower(lower[0]) && lower.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.');
        if (!isName)
        {
            context.Diagnostics.Report(
                Rules.InvalidName, name.Span, $"'{name.Text}' is not a name for a stage; it begins with a letter and goes on with letters, digits, -, _ and .");
            return;
        }

        if (lower != name.Text)
        {
            context.Diagnostics.Report(Rules.StageNameCasing, name.Span, $"the stage name '{name.Text}' should be in lower case: '{lower}'");
        }

        if (lower is "scratch" or "context")
        {
            context.Diagnostics.Report(Rules.ReservedStageName, name.Span, $"the stage name '{lower}' is reserved");
        }

        if (context.Stages.FindByName(lower, before: index) is { } other)
        {
            context.Diagnostics.Report(Rules.DuplicateStageName, name.Span, $"the stage name '{lower}' is taken already by stage {other}");
        }
    }

    private static void CheckPlatform(FromSyntax syntax, PlanningContext context)
    {
        if (syntax.Head.Flag("platform") is not { } flag
            || Expand(flag, context) is not { } platform)
        {
            return;
        }

        if (!PlatformName.Includes(platform, context.Options.Platform))
        {
            context.Diagnostics.Report(
                Rules.NotSupportedYet, flag.Span,
                $"the platform '{platform}' is not supported yet in a build for '{context.Options.Platform}'");
        }
    }

    private static string? Expand(Word word, PlanningContext context) =>
        context.ExpandGlobally(word, Rules.UndefinedArgInFrom, "no ARG above the first FROM declares");
}
