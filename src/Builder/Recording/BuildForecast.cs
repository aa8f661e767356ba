using System.Collections.Immutable;
using System.Diagnostics;
using Kleene.Build.Builder.Caching;
using Kleene.Build.Builder.Execution;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Recording;

/// <summary>What a build is going to do, known from its keys before anything runs: which steps, and what they ask.</summary>
public sealed class BuildForecast
{
    private readonly Dictionary<string, StepQuestion> questions;

    private BuildForecast(ImmutableArray<RecordedStage> stages, ImmutableArray<RecordedStep> steps, ImmutableArray<string> imageKeys, string target, Dictionary<string, StepQuestion> questions)
    {
        Stages = stages;
        Steps = steps;
        ImageKeys = imageKeys;
        Target = target;
        this.questions = questions;
    }

    public string Target { get; }

    public ImmutableArray<RecordedStage> Stages { get; }

    /// <summary>Of the images that it starts from or copies out of.</summary>
    public ImmutableArray<string> ImageKeys { get; }

    /// <summary>Those that are going to run are <see cref="RecordedStepState.Expected"/>.</summary>
    public ImmutableArray<RecordedStep> Steps { get; }

    /// <summary>What is going to run.</summary>
    public IEnumerable<RecordedStep> Expected => Steps.Where(step => step.State == RecordedStepState.Expected);

    /// <summary>What a key of this build is made of; null when it is another's.</summary>
    public KeyRecord? FindKey(string key) => questions.TryGetValue(key, out var question) ? question.Record() : null;

    /// <summary>The files that a digest of this build is made of; null when it is another's.</summary>
    public FileList? FindFiles(string digest) =>
        questions.Values.SelectMany(question => question.Files).Where(files => files.Digest == digest).Select(files => files.List()).FirstOrDefault();

    /// <summary>The build as it would be written down, had it been begun at a time and run nothing yet. Its id is nobody's.</summary>
    public BuildRecord ToRecord(BuildRequest request, DateTimeOffset time) => new()
    {
        Id = SnapshotId.New().ToString(),
        Name = request.Tags is [var first, ..] ? first.ToString() : "",
        Started = time,
        Session = "",
        Detail = new BuildDetail
        {
            Kleenefile = request.Source.Path,
            Context = request.Context?.Files.Root.HostPath ?? "",
            Target = Target,
            Stages = Stages,
            ImageKeys = ImageKeys,
            Steps = Steps,
        },
    };

    internal static BuildForecast Of(BuildPlan plan, IReadOnlyDictionary<int, KeyedStage> stages, BaseImages bases)
    {
        var running = NeededSteps.Of(plan, stages);
        return new BuildForecast(
            [.. stages.Values.Select(stage => new RecordedStage(stage.Stage.Index, stage.Stage.DisplayName, stage.Stage.Place, Text(stage.Stage.Base, plan), stage.BaseKey))],
            [.. stages.Values.SelectMany(stage => stage.Steps.Select((step, i) => Step(stage, step, i, running)))],
            [.. bases.Keys],
            plan.Target.DisplayName,
            stages.Values.SelectMany(stage => stage.Steps).DistinctBy(step => step.Key).ToDictionary(step => step.Key, step => step.Question, StringComparer.Ordinal));
    }

    internal StepQuestion Question(string key) => questions[key];

    private static RecordedStep Step(KeyedStage stage, KeyedStep step, int index, IReadOnlySet<int> running) => new()
    {
        Number = step.Place.Number,
        Stage = stage.Stage.Index,
        Place = step.Place.Step.Place,
        Text = step.Text,
        Key = step.Key,
        IsForced = stage.Forced,
        State = index < stage.Hits.Length ? RecordedStepState.Cached : running.Contains(step.Place.Number) ? RecordedStepState.Expected : RecordedStepState.Unneeded,
        Snapshot = index < stage.Hits.Length ? stage.Hits[index].ToString() : null,
    };

    private static string Text(StageBase start, BuildPlan plan) => start switch
    {
        StageBase.Image image => image.Reference,
        StageBase.Stage stage => $"stage '{plan.Stages[stage.Index].DisplayName}'",
        StageBase.Scratch => "scratch",
        _ => throw new UnreachableException(),
    };
}
