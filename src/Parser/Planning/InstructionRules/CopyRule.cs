using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Files from the context, an earlier stage, an image or a tree of the caller's.</summary>
internal static class CopyRule
{
    public static void Plan(CopySyntax syntax, StagePlanner stage)
    {
        var origin = syntax.Head.Flag("from") is { } flag ? OriginRule.Find(flag, "COPY --from", stage) : new TreeOrigin.Context();
        var keepsParents = syntax.Head.IsOn("parents");
        if (FileRule.Plan(syntax, origin, stage, (word, source) => Path(word, source, origin, keepsParents, stage)) is { } step)
        {
            stage.Add(syntax.Head, step with { KeepsParents = keepsParents, MayBeMissing = syntax.Head.IsOn("if-exists") });
        }
    }

    private static string? Path(Word word, string source, TreeOrigin? origin, bool keepsParents, StagePlanner stage)
    {
        if (RemoteSource.IsHttp(source) || RemoteSource.TryParse(source, out _) is not null)
        {
            stage.Report(Rules.CopyOfUrl, word.Span, $"'{source}' is an address; COPY takes files of the context, a stage or an image");
            return null;
        }

        return FileRule.PathIn(origin, word, source, keepsParents, stage);
    }
}
