using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Linting.Shell;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Linting.LintRules;

/// <summary>Directories that VOLUME takes out of the image's hands.</summary>
internal static class VolumeRules
{
    private static readonly ImmutableHashSet<string> Writers =
        ["mkdir", "touch", "cp", "mv", "tee", "chown", "chmod", "chgrp", "ln", "install", "rm", "tar", "unzip", "rsync", "initdb", "mktemp", "sed", "git", "curl", "wget"];

    public static void WriteToVolume(LintedFile file, DiagnosticBag found)
    {
        foreach (var instruction in file.Stages.SelectMany(stage => stage.Instructions))
        {
            if (instruction.Step is not BuildStep.Run { Config.Volumes: { IsEmpty: false } volumes } step)
            {
                continue;
            }

            var written = instruction.Commands
                .SelectMany(command => Writers.Contains(command.Program) ? command.Operands.Concat(command.Outputs) : command.Outputs)
                .Select(target => (Target: target, Volume: VolumeOf(ImagePath.Join(step.WorkingDirectory, target.Text), volumes)))
                .FirstOrDefault(write => write.Target.Text.Length > 0 && write.Volume is not null && IsPath(write.Target));
            if (written.Volume is { } volume)
            {
                found.Report(
                    Rules.WriteToVolume, written.Target.Span,
                    $"'{volume}' is a volume from here on; the image keeps what is written into it, as with BuildKit, but other builders drop it");
            }
        }
    }

    private static bool IsPath(ShellArgument word) => word.Text.Contains('/') || word.IsLiteral;

    private static string? VolumeOf(string path, ImmutableArray<string> volumes) =>
        volumes.FirstOrDefault(volume => path == volume || path.StartsWith(volume.TrimEnd('/') + "/", StringComparison.Ordinal));
}
