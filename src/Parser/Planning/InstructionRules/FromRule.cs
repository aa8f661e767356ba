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
            return new StagePlanner(context, index, new StageBase.Image(""), known: null);
        }

        CheckName(syntax, context, index);
        var platform = Platform(syntax, context);

        var written = Expand(syntax.Image, context);
        if (written is { Length: 0 })
        {
            context.Diagnostics.Report(Rules.EmptyValue, syntax.Image.Span, $"the image is empty: '{syntax.Image.Text}'");
        }

        // A tree of the caller's takes the place of a stage with its name, and of an image.
        if (!isOverridden && syntax.Name is { } stageName && OnNamed(stageName.Text, syntax, platform, context, index) is { } replaced)
        {
            replaced.IsReplaced = true;
            return replaced;
        }

        var reference = isOverridden ? context.Options.BaseOverride ?? "" : written ?? "";
        if (reference.Equals("scratch", StringComparison.OrdinalIgnoreCase))
        {
            return new StagePlanner(context, index, new StageBase.Scratch(), new StageConfig { Platform = Stored(platform, context) });
        }

        if (!isOverridden && context.Stages.FindBase(reference, before: index) is { } parent)
        {
            return new StagePlanner(earlier[parent], index);
        }

        if (!isOverridden && OnNamed(reference, syntax, platform, context, index) is { } named)
        {
            return named;
        }

        if (!isOverridden && context.Stages.FindLater(reference, from: index + 1) is { } later)
        {
            context.Diagnostics.Report(
                Rules.FromNamesLaterStage, syntax.Image.Span,
                $"the stage '{reference}' is defined only later, as number {later}; this FROM takes the image '{reference}'");
        }

        return OnImage(reference, syntax, platform, context, index);
    }

    /// <summary>Null when the caller has no tree of that name. Files become those of an image that has nothing else.</summary>
    private static StagePlanner? OnNamed(string name, FromSyntax syntax, string platform, PlanningContext context, int index)
    {
        switch (context.Options.NamedContexts.Find(name))
        {
            case NamedContext.Image image when image.Reference.Equals("scratch", StringComparison.OrdinalIgnoreCase):
                return new StagePlanner(context, index, new StageBase.Scratch(), new StageConfig { Platform = Stored(platform, context) });
            case NamedContext.Image image:
                return OnImage(image.Reference, syntax, platform, context, index);
            case NamedContext.Files:
                var stage = new StagePlanner(context, index, new StageBase.Scratch(), new StageConfig { Platform = Stored(platform, context) });
                stage.Add(syntax.Head, new BuildStep.Copy { From = new TreeOrigin.Named(NamedContexts.Familiar(name)), Sources = ["."], Destination = "/" });
                return stage;
            default:
                return null;
        }
    }

    private static StagePlanner OnImage(string reference, FromSyntax syntax, string platform, PlanningContext context, int index)
    {
        var known = context.Options.BaseConfigs.GetValueOrDefault(reference);
        if (known is not null && !PlatformName.Includes(platform, Named(known.Platform, context)))
        {
            context.Diagnostics.Report(
                Rules.InvalidBaseImagePlatform, syntax.Image.Span,
                $"the image '{reference}' was made for {Named(known.Platform, context)}, the stage is for {platform}");
        }

        var stage = new StagePlanner(context, index, new StageBase.Image(reference), known);
        stage.Config = stage.Config with { Platform = Stored(platform, context) };
        return stage;
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
            context.Diagnostics.Report(Rules.StageNameCasing, name.Span, $"the stage name '{name.Text}' should be in lower case: '{lower}'", name.Replace(lower));
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

    /// <summary>What the stage is built for: what it says itself, else what the whole build is for.</summary>
    private static string Platform(FromSyntax syntax, PlanningContext context)
    {
        if (syntax.Head.Flag("platform") is not { } flag || Expand(flag, context) is not { Length: > 0 } asked)
        {
            return context.Options.Platform;
        }

        if (!PlatformName.IsValid(asked))
        {
            context.Diagnostics.Report(Rules.InvalidFlag, flag.Span, $"'{asked}' is not a platform; write OS/ARCHITECTURE[/VARIANT], such as linux/arm64");
        }

        return asked;
    }

    /// <summary>As a configuration has it: nothing for what the build runs on.</summary>
    private static string Stored(string platform, PlanningContext context) =>
        PlatformName.Includes(platform, context.Options.BuildPlatform) ? "" : PlatformName.Normalize(platform);

    private static string Named(string stored, PlanningContext context) => stored.Length > 0 ? stored : context.Options.BuildPlatform;

    private static string? Expand(Word word, PlanningContext context) =>
        context.ExpandGlobally(word, Rules.UndefinedArgInFrom, "no ARG above the first FROM declares");
}
