using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Files from the context, an earlier stage or an image.</summary>
internal static class CopyRule
{
    public static void Plan(CopySyntax syntax, StagePlanner stage)
    {
        var origin = Origin(syntax, stage);
        var sources = syntax.Sources.Select(source => Source(source, origin, stage)).ToList();
        var files = HeredocFiles.Of(syntax.Head, syntax.Files, stage);
        var word = stage.ExpandToSomething(syntax.Destination, "the destination");
        var flags = CopyFlags.Read(syntax.Head, stage);
        if (origin is null || files is null || word is not { } written || sources.Contains(null) || flags is null)
        {
            return;
        }

        var destination = ImagePath.JoinDestination(stage.WorkingDirectory, written.Value);
        if (written.IsKnown && !FitsSeveral(syntax, destination, stage))
        {
            return;
        }

        stage.Add(syntax.Head, new BuildStep.Copy
        {
            From = origin,
            Sources = [.. sources.OfType<string>()],
            Heredocs = files.Value,
            Destination = destination,
            Owner = flags.Owner,
            Mode = flags.Mode,
            Exclude = flags.Exclude,
            IsLinked = syntax.Head.IsOn("link"),
            WorkingDirectory = stage.WorkingDirectory,
        });
    }

    private static CopyOrigin? Origin(CopySyntax syntax, StagePlanner stage)
    {
        if (syntax.Head.Flag("from") is not { } flag)
        {
            return new CopyOrigin.Context();
        }

        if (stage.ExpandToSomething(flag, "the source of --from") is not { Value: var name })
        {
            return null;
        }

        var stages = stage.Context.Stages;
        var index = stages.FindByName(name, before: stage.Index);
        if (index is null && StageGraph.TryParseNumber(name, out var number))
        {
            if (number >= stages.Count)
            {
                stage.Report(Rules.UndefinedStage, flag.Span, $"there is no stage {name}; the file has {stages.Count}, counted from 0");
                return null;
            }

            index = number;
        }

        if ((index ?? stages.FindLater(name, from: stage.Index)) is not { } found)
        {
            return Image(name, flag, stage);
        }

        if (found >= stage.Index)
        {
            var problem = found == stage.Index ? "is this stage itself" : "is defined only later";
            stage.Report(Rules.ForwardStageReference, flag.Span, $"the stage '{name}' {problem}; COPY --from takes a stage above");
            return null;
        }

        stage.DependOn(found);
        return new CopyOrigin.Stage(found);
    }

    /// <summary>A name that is no stage is an image, unless it is a bare word that nearly is one.</summary>
    private static CopyOrigin.Image? Image(string name, Word flag, StagePlanner stage)
    {
        var isBareWord = name.AsSpan().IndexOfAny("/:@") < 0;
        if (isBareWord && Suggestion.Nearest(name, stage.Context.Stages.NamesBefore(stage.Index)) is { } nearest)
        {
            stage.Report(Rules.UndefinedStage, flag.Span, $"stage '{name}' is not defined; did you mean '{nearest}'?");
            return null;
        }

        return new CopyOrigin.Image(name);
    }

    private static string? Source(Word word, CopyOrigin? origin, StagePlanner stage)
    {
        if (stage.ExpandToSomething(word, "the source") is not { Value: var path })
        {
            return null;
        }

        if (path.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || path.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            stage.Report(Rules.CopyOfUrl, word.Span, $"'{path}' is an address; COPY takes files of the context, a stage or an image");
            return null;
        }

        if (origin is CopyOrigin.Context && ImagePath.Escapes(path))
        {
            stage.Report(Rules.PathOutsideContext, word.Span, $"'{path}' lies outside the build context");
            return null;
        }

        return ImagePath.Source(path);
    }

    private static bool FitsSeveral(CopySyntax syntax, string destination, StagePlanner stage)
    {
        if (syntax.Sources.Length + syntax.Files.Length == 1 || destination.EndsWith('/'))
        {
            return true;
        }

        stage.Report(
            Rules.CopyNeedsDirectory, syntax.Destination.Span,
            $"several sources need a directory; end the destination with a slash: '{syntax.Destination.Text}/'");
        return false;
    }
}
