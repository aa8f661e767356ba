using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Explaining;

/// <summary>What would keep a step from running the next time, as far as its cause tells.</summary>
internal static class Advice
{
    /// <summary>Directories and endings of what tools leave in a context and images rarely need.</summary>
    private static readonly string[] Volatile =
        [".git", ".svn", ".hg", ".idea", ".vscode", ".DS_Store", "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache", ".cache", ".venv", "bin", "obj", "target", "*.log", "*.pyc", "*.swp", "*.tmp", "*~"];

    /// <summary>Null when nothing is known.</summary>
    public static string? For(RecordedStep step, Cause cause) => cause switch
    {
        Cause.Forced => "leave --no-cache out",
        Cause.Lost => "snapshots that no image needs go with 'image prune' and 'image rm': keep an image that has the step",
        Cause.Rebased { Reference: var reference } when !reference.Contains('@') => $"pin the base image to one of its snapshots, 'FROM {reference}@SNAPSHOT', until you want a newer one",
        Cause.Changed { Changes: [var first, ..] } => For(first),
        Cause.Followed { Because: Cause.Forced } => "leave --no-cache out",
        Cause.Followed when step.Instruction is "RUN" && cause is Cause.Followed { Through: var through, Step: var before } && through.StartsWith("step ", StringComparison.Ordinal) =>
            cause.RootStep is { } root && root.Stage == step.Stage ? $"if the command needs nothing of step {root.Number}, put it above that one" : $"if the command needs nothing of step {before.Number}, put it above that one",
        _ => null,
    };

    private static string? For(InputChange change) => change switch
    {
        { Name: "env", Origin: { Source: "ARG" or "--build-arg", Place: var place }, IsMentioned: false } =>
            $"the command does not mention {change.Item}: put 'ARG {change.Item}' ({place}) below it, where it is needed",
        { Name: "env", Origin.Source: "ARG" or "--build-arg" } => $"the command mentions {change.Item}, so it has to run with every new value; whatever does not need it belongs above",
        { Name: "env", Origin: { Source: "ENV", Place: var place }, IsMentioned: false } =>
            $"the command does not mention {change.Item}: put 'ENV {change.Item}' ({place}) below it, if no program that it starts reads it",
        { Name: "env", Origin.Source: "--env" } => $"give --env {change.Item} the same value",
        { IsOfFiles: true, Files: [_, ..] files } => ForFiles(files),
        _ => null,
    };

    private static string ForFiles(IEnumerable<FileDifference> files)
    {
        var found = files.Select(file => Volatile.FirstOrDefault(pattern => IsOf(file.Path, pattern))).ToList();
        return found.All(pattern => pattern is not null)
            ? $"if the image does not need them, add {string.Join(", ", found.Distinct().Select(pattern => $"'{(pattern![0] == '*' ? "**/" : "")}{pattern}'"))} to .kleeneignore"
            : "copy only what the next commands need, and the rest below them";
    }

    private static bool IsOf(UnixPath path, string pattern)
    {
        var parts = path.ToString().Split('/');
        return pattern[0] == '*' ? parts[^1].EndsWith(pattern[1..], StringComparison.Ordinal) : parts.Contains(pattern);
    }
}
