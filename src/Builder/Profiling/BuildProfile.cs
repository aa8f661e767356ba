using System.Collections.Immutable;
using Kleene.Build.Runtime.Builds;

namespace Kleene.Build.Builder.Profiling;

/// <summary>Where the time of a build went, step by step. Times count from the start of the timeline that the build was given.</summary>
public sealed record BuildProfile
{
    /// <summary>The name of the span of a step that runs, on a timeline.</summary>
    public const string StepSpan = "step";

    /// <summary>Of the span in which all of them lie.</summary>
    public const string StepsSpan = "steps";

    public required string Kleenefile { get; init; }

    public required string Target { get; init; }

    /// <summary>Those that the target needs, in the order of the file.</summary>
    public required ImmutableArray<RecordedStage> Stages { get; init; }

    /// <summary>In the order of the file.</summary>
    public required ImmutableArray<ProfiledStep> Steps { get; init; }

    /// <summary>What the build would have taken with as many processors as it can use: the longest chain of steps that wait for each other.</summary>
    public required TimeSpan CriticalTime { get; init; }
}

/// <summary>A step of a build that was profiled.</summary>
public sealed record ProfiledStep
{
    /// <summary>From 1, over the stages that are needed.</summary>
    public required int Number { get; init; }

    /// <summary>The index of its stage.</summary>
    public required int Stage { get; init; }

    /// <summary><c>Kleenefile:3</c>.</summary>
    public required string Place { get; init; }

    public required string Text { get; init; }

    public required RecordedStepState State { get; init; }

    /// <summary>Null when it did not run.</summary>
    public TimeSpan? Start { get; init; }

    public TimeSpan Duration { get; init; }

    /// <summary>The numbers of the steps that it had to wait for.</summary>
    public required ImmutableArray<int> After { get; init; }

    /// <summary>How much longer it could have taken without the build taking longer; null when it did not run.</summary>
    public TimeSpan? Slack { get; init; }

    /// <summary>Whether the build would have been done earlier, had it been faster.</summary>
    public bool IsCritical => Slack == TimeSpan.Zero;

    public required StepStatistics Statistics { get; init; }
}
