using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Files from the context, an earlier stage or an image.</summary>
internal static class CopyRule
{
    public static void Plan(CopySyntax syntax, StagePlanner stage)
    {
        var origin = syntax.Head.Flag("from") is { } flag ? OriginRule.Find(flag, "COPY --from", stage) : new TreeOrigin.Context();
        var sources = syntax.Sources.Select(source => Source(source, origin, stage)).ToList();
        var files = HeredocFiles.Of(syntax.Files, stage);
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

    private static string? Source(Word word, TreeOrigin? origin, StagePlanner stage)
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

        if (origin is TreeOrigin.Context && ImagePath.Escapes(path))
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
            $"several sources need a directory; end the destination with a slash: '{syntax.Destination.Text}/'",
            syntax.Destination.Replace($"{syntax.Destination.Text}/"));
        return false;
    }
}
