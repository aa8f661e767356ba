using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Directories that a container keeps apart from its files.</summary>
internal static class VolumeRule
{
    public static void Plan(VolumeSyntax syntax, StagePlanner stage)
    {
        foreach (var word in syntax.Paths)
        {
            if (stage.ExpandToSomething(word, "the volume") is { } path)
            {
                var volumes = stage.Config.Volumes.Append(path.Value).Distinct().Order(StringComparer.Ordinal);
                stage.Config = stage.Config with { Volumes = [.. volumes] };
            }
        }
    }
}
