using System.Collections.Immutable;
using Kleene.Build.Builder.Execution;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Text;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Builder;

/// <summary>Changes the configuration of an image by an instruction, outside any Kleenefile: <c>commit --change</c>.</summary>
public static class ConfigChange
{
    private const string Base = "base";

    /// <summary>Instructions that change nothing but the configuration.</summary>
    public static ImmutableArray<string> Instructions { get; } =
        ["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"];

    /// <param name="instruction">One line, as a Kleenefile has it.</param>
    /// <exception cref="KleeneException">It is none of <see cref="Instructions"/>, or is wrong; the message says what is.</exception>
    public static ImageConfig Apply(ImageConfig config, string instruction)
    {
        var keyword = instruction.TrimStart().Split(' ', 2)[0].ToUpperInvariant();
        if (!Instructions.Contains(keyword) || instruction.AsSpan().IndexOfAny('\n', '\r') >= 0)
        {
            throw new KleeneException(Instructions.Contains(keyword)
                ? "it has more than one line"
                : $"'{keyword}' does not change the configuration alone{Runtime.Suggestion.Hint(keyword, Instructions)}; there are {string.Join(", ", Instructions)}");
        }

        // Triggers of the image are for those who build on it, which nobody does here.
        var known = StageConfigs.From(config with { OnBuild = [] });
        var options = CompileOptions.Default with { BaseConfigs = new Dictionary<string, StageConfig>(StringComparer.Ordinal) { [Base] = known } };
        var compilation = KleenefileCompiler.Compile(new SourceText("change", $"FROM {Base}\n{instruction}\n"), options);
        var stage = compilation.Plan?.Target ?? throw new KleeneException(
            string.Join("; ", compilation.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).Select(diagnostic => diagnostic.Message)));
        var changed = StageConfigs.ToImage(stage.Config, []);
        return changed with { Platform = config.Platform, OnBuild = [.. config.OnBuild, .. changed.OnBuild] };
    }
}
