using System.Diagnostics;
using Kleene.Build.Builder.Explaining;
using Kleene.Build.Runtime.Builds;

namespace Kleene.Build.Cli.Output;

/// <summary>The causes of steps in words, each as the end of a sentence.</summary>
internal static class CauseText
{
    private const int LongestValue = 80;
    private const int KeyDigits = 19;

    public static string Of(Cause cause) => cause switch
    {
        Cause.Forced => "--no-cache asked for it",
        Cause.Unprecedented => "nothing of the same file or name was built before",
        Cause.Added => "the instruction is new",
        Cause.Lost lost => $"its snapshot is gone, which build {lost.Build.DisplayName} of {Times.Text(lost.Build.Started)} had",
        Cause.Unanswered { Step.State: RecordedStepState.Failed } failed => $"it failed in build {failed.Build.DisplayName} of {Times.Text(failed.Build.Started)}",
        Cause.Unanswered unanswered => $"build {unanswered.Build.DisplayName} of {Times.Text(unanswered.Build.Started)} ended before it",
        Cause.Unknown => "something is other than before, and what it was then is not recorded",
        Cause.Changed changed => Of(changed.Changes[0]),
        Cause.Rebased { Reference: var now, Before: var before } rebased when now == before => $"the base image '{now}' is another, {Key(rebased.Key)} and not {Key(rebased.BeforeKey)}",
        Cause.Rebased rebased => $"the base is '{rebased.Reference}' ({Key(rebased.Key)}) and not '{rebased.Before}' ({Key(rebased.BeforeKey)})",
        Cause.Followed followed when followed.RootStep is { } root && root != followed.Step => $"{followed.Through} is another, since step {root.Number}: {Of(followed.Root)}",
        Cause.Followed followed => $"{followed.Through} is another: {Of(followed.Root)}",
        _ => throw new UnreachableException(),
    };

    public static string Of(InputChange change) => change switch
    {
        { IsOfFiles: true } => OfFiles(change),
        { Name: "env", Item.Length: > 0 } => OfVariable(change),
        { Name: "argv" } => $"the command changed{Values(change)}",
        { Name: "format" } => "this version of kleene asks otherwise",
        { Name: "files" or "mounted", Item: var tree } => $"what it reads of {tree} changed{Values(change)}",
        _ => $"its {Label(change.Name)} changed{Values(change)}",
    };

    private static string OfFiles(InputChange change)
    {
        if (change.Before is null || change.After is null)
        {
            return $"files of {change.Item} are {(change.Before is null ? "read now" : "not read any more")}";
        }

        if (change.Files.IsEmpty)
        {
            return $"files of {change.Item} changed, in their order, in what they are hard links of, or their list is not recorded";
        }

        var counts = change.Files.GroupBy(file => file.Change, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => $"{group.Count()} {group.Key}");
        return $"files of {change.Item} changed: {(change.Files is [var only] ? $"{only.Path.ToDisplay()} {only.Change}" : string.Join(", ", counts))}";
    }

    private static string OfVariable(InputChange change)
    {
        var origin = change.Origin switch
        {
            { Source: "--build-arg", Place: var place } => $"--build-arg {change.Item} (ARG at {place})",
            { Source: ("ARG" or "ENV") and var word, Place: var place } => $"{word} {change.Item} ({place})",
            { Source: "--env" } => $"--env {change.Item}",
            { Source: "base image" } => $"the base image's variable {change.Item}",
            _ => $"the variable {change.Item}",
        };
        var used = change is { IsMentioned: false, Origin.Source: "ARG" or "--build-arg" or "ENV" } ? ", which the command does not mention" : "";
        return change.Before is null ? $"{origin} is new, {Quote(change.After)}{used}"
            : change.After is null ? $"{origin} is gone, it was {Quote(change.Before)}{used}"
            : $"{origin} changed{Values(change)}{used}";
    }

    private static string Values(InputChange change) => $" from {Quote(change.Before)} to {Quote(change.After)}";

    private static string Quote(string? value)
    {
        if (value is null)
        {
            return "nothing";
        }

        var shown = VisibleText.InOneLine(value);
        return $"'{(shown.Length <= LongestValue ? shown : shown[..LongestValue] + "…")}'";
    }

    private static string Key(string key) => key.Length <= KeyDigits ? key : key[..KeyDigits];

    private static string Label(string name) => name switch
    {
        "workdir" => "working directory",
        "chown" => "--chown",
        "chmod" => "--chmod",
        "links" => "--link",
        "parents" => "--parents",
        "exclude" => "--exclude",
        "hostname" => "host name",
        "mounts" => "mounts",
        "security" => "--security",
        var other => other,
    };
}
