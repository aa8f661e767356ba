using System.Globalization;
using Kleene.Build.Builder.Explaining;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Fetching;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Cli.Output;

/// <summary>An explanation for people: a line for each step, and below those that ran what was other, what it cost and what would avoid it.</summary>
internal static class ExplanationText
{
    private const int MostFiles = 10;

    public static void Write(TextWriter writer, BuildExplanation explanation, FileBlame blame)
    {
        var build = explanation.Build;
        writer.WriteLine(explanation.Against is { } against
            ? $"Build {build.DisplayName}, {Times.Text(build.Started)}, held against {against.DisplayName}, {Times.Text(against.Started)}"
            : $"Build {build.DisplayName}, {Times.Text(build.Started)}; no earlier one is known that it could be held against");
        foreach (var step in explanation.Steps)
        {
            Write(writer, step, build.Detail.Steps.Length, blame);
        }

        if (blame.Problem is { } problem)
        {
            writer.WriteLine($"No commits: {VisibleText.InOneLine(problem)}");
        }
    }

    private static void Write(TextWriter writer, StepExplanation explained, int total, FileBlame blame)
    {
        var step = explained.Step;
        writer.WriteLine($"Step {step.Number}/{total} : {VisibleText.InOneLine(step.Text)}");
        writer.WriteLine($"  {Outcome(step)}{(explained.Cause is { } cause ? $", because {CauseText.Of(cause)}" : "")}");
        if (explained.Cause is Cause.Changed changed)
        {
            foreach (var change in changed.Changes)
            {
                WriteFiles(writer, change.Files, blame);
            }

            WriteOthers(writer, changed.Changes.Skip(1));
        }
        else
        {
            WriteOthers(writer, explained.Cause switch { Cause.Followed followed => followed.Own, Cause.Rebased rebased => rebased.Own, _ => [] });
        }

        if (explained.Advice is { } advice)
        {
            writer.WriteLine($"  to avoid it: {VisibleText.InOneLine(advice)}");
        }
    }

    private static void WriteOthers(TextWriter writer, IEnumerable<InputChange> others)
    {
        foreach (var change in others)
        {
            writer.WriteLine($"  also {CauseText.Of(change)}");
        }
    }

    private static void WriteFiles(TextWriter writer, IReadOnlyCollection<FileDifference> files, FileBlame blame)
    {
        foreach (var file in files.Take(MostFiles))
        {
            var commit = blame.Changes.GetValueOrDefault(file.Path) is { } change ? $"  {Commit(change)}" : "";
            writer.WriteLine(VisibleText.InOneLine($"    {file.Change,-8} {file.Path.ToDisplay()}{Details(file)}{commit}"));
        }

        if (files.Count > MostFiles)
        {
            writer.WriteLine($"    and {files.Count - MostFiles} more; --format json has all");
        }
    }

    private static string Details(FileDifference file) => file switch
    {
        { Before: { } before, After: { } after } => $" ({string.Join(", ", file.Aspects.Select(aspect => aspect switch
        {
            "mode" => $"mode {Mode(before)} to {Mode(after)}",
            "content" when before.Size != after.Size => $"content, {Sizes.Metric(before.Size)} to {Sizes.Metric(after.Size)}",
            _ => aspect,
        }))})",
        { After: { Kind: FileKind.Regular } added } => $" ({Sizes.Metric(added.Size)})",
        _ => "",
    };

    private static string Mode(FileListEntry entry) => Convert.ToString((int)entry.Permissions, 8).PadLeft(4, '0');

    private static string Commit(GitChange change) => change switch
    {
        { Commit: "" } => "not committed yet",
        { IsCommitted: false } => $"changed since {change.Commit} by {change.Author}",
        _ => $"{change.Commit} by {change.Author}, {change.Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}: {change.Subject}",
    };

    private static string Outcome(RecordedStep step)
    {
        var seconds = (step.DurationMilliseconds / 1000.0).ToString("0.00", CultureInfo.InvariantCulture);
        return step.State switch
        {
            RecordedStepState.Built => $"ran for {seconds} s",
            RecordedStepState.Failed => $"ran for {seconds} s and failed",
            RecordedStepState.Stopped => "was running when the build was stopped",
            RecordedStepState.Expected => "would run",
            RecordedStepState.Cached => $"reused @{step.Snapshot}",
            RecordedStepState.Unneeded => "not needed: what reads its stage is cached",
            _ => "did not run: the build ended before",
        };
    }
}
