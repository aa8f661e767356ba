using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>The old word for the label that names the authors (image-spec, annotations.md).</summary>
internal static class MaintainerRule
{
    private const string Authors = "org.opencontainers.image.authors";

    public static void Plan(MaintainerSyntax syntax, StagePlanner stage)
    {
        stage.Report(Rules.MaintainerDeprecated, syntax.Head.Keyword.Span, $"MAINTAINER is deprecated; write LABEL {Authors}=\"...\"");

        // Like the text of a command, the name is taken as it stands.
        stage.Config = stage.Config with { Labels = stage.Config.Labels.SetItem(Authors, syntax.Name.Text) };
    }
}
