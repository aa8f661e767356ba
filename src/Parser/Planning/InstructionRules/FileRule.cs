using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>What COPY and ADD have in common: sources, heredocs, a destination and the flags for all of them.</summary>
internal static class FileRule
{
    /// <summary>The step without what only one of the two can ask for; null when something cannot be, which has been reported.</summary>
    /// <param name="read">What a source comes to once it is expanded; null when it cannot be, which it has then reported.</param>
    public static BuildStep.Copy? Plan(CopySyntax syntax, TreeOrigin? origin, StagePlanner stage, Func<Word, string, string?> read)
    {
        // Two blanks in a row have an empty word between them where every blank separates.
        var sources = syntax.Sources.Where(word => word.Length > 0).Select(word => stage.ExpandToSomething(word, "the source") is { Value: var source } ? read(word, source) : null).ToList();
        var files = HeredocFiles.Of(syntax.Files, stage);
        var word = Destination(syntax.Destination, stage);
        var flags = CopyFlags.Read(syntax.Head, stage);
        if (origin is null || files is null || word is not { } written || sources.Contains(null) || flags is null)
        {
            return null;
        }

        var destination = Destination(syntax, written.Value, stage);
        if (written.IsKnown)
        {
            AdviseSeveral(syntax, destination, stage);
        }

        return new BuildStep.Copy
        {
            From = origin,
            Sources = [.. sources.OfType<string>()],
            Heredocs = files.Value,
            Destination = destination,
            Owner = flags.Owner,
            Mode = flags.Mode,
            Exclude = flags.Exclude,
            IsLinked = syntax.Head.IsOn("link"),
            KeepsDirectories = syntax.IsKleenes,
            WorkingDirectory = stage.WorkingDirectory,
        };
    }

    /// <summary>A path below the root of its tree. There is nothing above that: what climbs out of it means what is in it.</summary>
    public static string PathIn(TreeOrigin? origin, Word word, string path, bool keepsParents, StagePlanner stage)
    {
        var source = keepsParents ? ImagePath.SourceWithParents(path) : ImagePath.Source(path);
        if (origin is TreeOrigin.Context or TreeOrigin.Named && ImagePath.Escapes(path))
        {
            stage.Report(
                Rules.PathOutsideContext, word.Span,
                $"'{path}' leads out of the build context, which ends there: '{source}' of the context is copied");
        }

        return source;
    }

    /// <summary>A destination that comes to nothing is the working directory, as it is for Docker; hardly anybody means that.</summary>
    private static PlannedWord? Destination(Word written, StagePlanner stage)
    {
        var expanded = stage.Expand(written);
        if (expanded is not { Value.Length: 0 } empty)
        {
            return expanded;
        }

        // What an unknown base would have filled in stands as it was written.
        if (!empty.IsKnown)
        {
            return empty with { Value = written.Text };
        }

        stage.Report(Rules.EmptyDestination, written.Span, $"the destination is empty, '{written.Text}', which means the working directory '{stage.WorkingDirectory}'");
        return empty with { Value = "./" };
    }

    private static string Destination(CopySyntax syntax, string path, StagePlanner stage)
    {
        if (!syntax.IsKleenes)
        {
            return ImagePath.JoinDestination(stage.WorkingDirectory, path);
        }

        // Kleene takes an absolute path as one below the working directory, and several sources as a sign of a directory.
        var destination = ImagePath.JoinDestination(stage.WorkingDirectory, $"./{path}");
        return syntax.Sources.Count(word => word.Length > 0) > 1 && !destination.EndsWith('/') ? destination + "/" : destination;
    }

    /// <summary>Several sources make their destination a directory; a slash says so to whoever reads it.</summary>
    private static void AdviseSeveral(CopySyntax syntax, string destination, StagePlanner stage)
    {
        if (syntax.Sources.Length + syntax.Files.Length > 1 && !destination.EndsWith('/'))
        {
            stage.Report(
                Rules.CopyNeedsDirectory, syntax.Destination.Span,
                $"several sources make '{syntax.Destination.Text}' a directory; end it with a slash: '{syntax.Destination.Text}/'",
                syntax.Destination.Replace($"{syntax.Destination.Text}/"));
        }
    }
}
