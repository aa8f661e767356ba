using Kleene.Build.Builder.Events;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Space;

namespace Kleene.Build.Cli.Output;

/// <summary>The words for a build that failed: what, where, and how to look at it.</summary>
internal static class FailureText
{
    /// <summary>One line that names the place and the reason.</summary>
    public static string Of(BuildEvent.StepFailed failed) => $"error: {failed.Step.Step.Place}: {failed.Step.Step.Text}: {failed.Message}{FullDisk.Hint(failed.Message)}";

    public static string Of(BuildEvent.Unrecorded unrecorded) => $"warning: the build is not written down for 'kleene builds' and 'kleene explain': {unrecorded.Reason}";

    /// <summary>What the bound of the store has cost.</summary>
    public static string Of(Eviction eviction) =>
        $"evicted {eviction.Steps.Count} step{(eviction.Steps.Count == 1 ? "" : "s")}, {Sizes.Metric(eviction.Bytes)}, to keep within max-size {Sizes.Metric(eviction.Maximum)}";

    public static string Of(BuildEvent.Failed failed)
    {
        if (failed.Kept is not { } kept)
        {
            return failed.Snapshot is { } last ? $"Failed to build image. Most recent snapshot is @{last}" : $"error: {failed.Message}{FullDisk.Hint(failed.Message)}";
        }

        var recent = failed.Snapshot is { } snapshot ? $"Most recent snapshot is @{snapshot}" : "There are no snapshots";
        var enter = kept.Steps is [.., { State: Runtime.Images.ImageStepState.Failed, Snapshot: not null }]
            ? $"\nTo look at the files as they were when it failed: kleene run -it --rm {kept.DisplayName}@dirty /bin/sh\nTo repair them and go on: the same without --rm, then this build with --resume"
            : "";
        return $"Failed to build image {kept.Id}. {recent}{enter}";
    }
}
