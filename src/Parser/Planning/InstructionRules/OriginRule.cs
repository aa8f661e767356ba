using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>What <c>from</c> names: a tree of the caller's, an earlier stage by name or number, else an image.</summary>
internal static class OriginRule
{
    /// <param name="from">The value, which is expanded.</param>
    /// <param name="taker">What reads it, for messages: <c>COPY --from</c>.</param>
    /// <param name="stage">The stage that reads; it then depends on the one that is read.</param>
    /// <returns>Null when there is no such thing, which has been reported.</returns>
    public static TreeOrigin? Find(Word from, string taker, StagePlanner stage)
    {
        if (stage.ExpandToSomething(from, $"the source of {taker}") is not { Value: var name })
        {
            return null;
        }

        switch (stage.Context.Options.NamedContexts.Find(name))
        {
            case NamedContext.Files:
                return new TreeOrigin.Named(NamedContexts.Familiar(name));
            case NamedContext.Image image:
                return new TreeOrigin.Image(image.Reference);
        }

        var stages = stage.Context.Stages;
        var index = stages.FindByName(name, before: stage.Index);
        if (index is null && StageGraph.TryParseNumber(name, out var number))
        {
            if (number >= stages.Count)
            {
                stage.Report(Rules.UndefinedStage, from.Span, $"there is no stage {name}; the file has {stages.Count}, counted from 0");
                return null;
            }

            index = number;
        }

        if ((index ?? stages.FindLater(name, from: stage.Index)) is not { } found)
        {
            return Image(name, from, stage);
        }

        if (found >= stage.Index)
        {
            var problem = found == stage.Index ? "is this stage itself" : "is defined only later";
            stage.Report(Rules.ForwardStageReference, from.Span, $"the stage '{name}' {problem}; {taker} takes a stage above");
            return null;
        }

        stage.DependOn(found);
        return new TreeOrigin.Stage(found);
    }

    /// <summary>A name that is no stage is an image, unless it is a bare word that nearly is one.</summary>
    private static TreeOrigin.Image? Image(string name, Word from, StagePlanner stage)
    {
        var isBareWord = name.AsSpan().IndexOfAny("/:@") < 0;
        var names = stage.Context.Stages.NamesBefore(stage.Index).Concat(stage.Context.Options.NamedContexts.Names);
        if (isBareWord && Suggestion.Nearest(name, names) is { } nearest)
        {
            stage.Report(
                Rules.UndefinedStage, from.Span, $"stage '{name}' is not defined; did you mean '{nearest}'?", from.Text == name ? from.Replace(nearest) : null);
            return null;
        }

        return new TreeOrigin.Image(name);
    }
}
