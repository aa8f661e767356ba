using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Linting.LintRules;

/// <summary>What is fetched from the network without a RUN.</summary>
internal static class DownloadRules
{
    /// <summary>A repository is no single file: its checksum is a commit, and a tag or branch says enough.</summary>
    public static void AddWithoutChecksum(LintedFile file, DiagnosticBag found)
    {
        foreach (var instruction in file.Stages.SelectMany(stage => stage.Instructions))
        {
            if (instruction is not { Syntax: CopySyntax copy, Step: BuildStep.Copy { Add: { } } step } || copy.Sources.Length != step.Sources.Length
                || instruction.Head.Flag("checksum") is not null)
            {
                continue;
            }

            foreach (var (word, source) in copy.Sources.Zip(step.Sources).Where(source => RemoteSource.TryParse(source.Second, out _) is RemoteSource.Http))
            {
                found.Report(Rules.AddWithoutChecksum, word.Span, $"nothing checks what '{source}' gives; add --checksum=sha256:...");
            }
        }
    }
}
