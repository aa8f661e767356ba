using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Linting.LintRules;

/// <summary>What is fetched from the network without a RUN.</summary>
internal static class DownloadRules
{
    public static void AddWithoutChecksum(LintedFile file, DiagnosticBag found)
    {
        foreach (var head in file.Stages.SelectMany(stage => stage.Instructions).Select(instruction => instruction.Head).Where(head => head.Name == "ADD"))
        {
            if (head.Flag("checksum") is not null || ArgumentGrammar.WordsOrArray(head).Value is not { Count: > 1 } words)
            {
                continue;
            }

            foreach (var source in words.SkipLast(1).Where(word => IsDownload(word.Text)))
            {
                found.Report(Rules.AddWithoutChecksum, source.Span, $"nothing checks what '{source.Text}' gives; add --checksum=sha256:...");
            }
        }
    }

    /// <summary>A repository is no single file.</summary>
    private static bool IsDownload(string source)
    {
        var isWeb = source.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || source.StartsWith("http://", StringComparison.OrdinalIgnoreCase);
        return isWeb && !source.Split('#', '?')[0].EndsWith(".git", StringComparison.OrdinalIgnoreCase);
    }
}
