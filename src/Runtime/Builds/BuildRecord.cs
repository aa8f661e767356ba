using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Builds;

/// <summary>A build that was, or is: what it was asked and what became of each step.</summary>
public sealed record BuildRecord
{
    /// <summary>Twelve hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The first name that the image was to get, <c>name:tag</c>; empty when it was to have none.</summary>
    public string Name { get; init; } = "";

    public required DateTimeOffset Started { get; init; }

    public TimeSpan Duration { get; init; }

    public BuildState State { get; init; }

    /// <summary>Of the command that builds.</summary>
    public required string Session { get; init; }

    /// <summary>The id of the image that it made or kept; it may be gone.</summary>
    public string? Image { get; init; }

    public required BuildDetail Detail { get; init; }

    /// <summary>How many steps ran.</summary>
    public int Ran => Detail.Steps.Count(step => step.HasRun);

    /// <summary>A name where there is one, else the id.</summary>
    public string DisplayName => Name.Length > 0 ? $"{Id} ({Name})" : Id;
}

/// <summary>All of a build that is looked at only when the build itself is.</summary>
public sealed record BuildDetail
{
    public required string Kleenefile { get; init; }

    /// <summary>The directory of the context; empty when there was none. It is told to people, and is in no key.</summary>
    public required string Context { get; init; }

    public required string Target { get; init; }

    /// <summary>Why it failed, in a sentence.</summary>
    public string? Message { get; init; }

    /// <summary>Those that the target needs, in the order of the file.</summary>
    public ImmutableArray<RecordedStage> Stages { get; init; } = [];

    /// <summary>The keys of the images that it starts from or copies out of.</summary>
    public ImmutableArray<string> ImageKeys { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>In the order of the file.</summary>
    public ImmutableArray<RecordedStep> Steps { get; init; } = [];
}

/// <param name="Index">Position in the file, from 0.</param>
/// <param name="Base">What it starts from, for people: a reference, <c>stage 'name'</c> or <c>scratch</c>.</param>
/// <param name="BaseKey">The key of that tree.</param>
public sealed record RecordedStage(int Index, string Name, string Place, string Base, string BaseKey);

/// <summary>A step of a build.</summary>
public sealed record RecordedStep
{
    /// <summary>From 1, over the stages that are needed.</summary>
    public required int Number { get; init; }

    /// <summary>The index of its stage.</summary>
    public int Stage { get; init; }

    /// <summary><c>Kleenefile:3</c>.</summary>
    public required string Place { get; init; }

    public required string Text { get; init; }

    public required string Key { get; init; }

    public RecordedStepState State { get; init; }

    public string? Snapshot { get; init; }

    public long DurationMilliseconds { get; init; }

    /// <summary>Whether it was to run whatever the cache had.</summary>
    public bool IsForced { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Message { get; init; }

    /// <summary>Null when the build was not profiled.</summary>
    public StepStatistics? Statistics { get; init; }

    /// <summary>The instruction alone.</summary>
    [JsonIgnore]
    public string Instruction => Text.Split(' ', 2)[0].ToUpperInvariant();

    [JsonIgnore]
    public bool HasRun => State is RecordedStepState.Built or RecordedStepState.Failed or RecordedStepState.Stopped;

    [JsonIgnore]
    public SnapshotId? SnapshotId => Storage.SnapshotId.TryParse(Snapshot, out var id) ? id : null;
}

[JsonConverter(typeof(JsonStringEnumConverter<RecordedStepState>))]
public enum RecordedStepState
{
    /// <summary>It had to wait, and the build ended before.</summary>
    Waiting,

    Cached,
    Built,
    Failed,

    /// <summary>It was running when the build was stopped.</summary>
    Stopped,

    /// <summary>Its stage feeds only steps that are cached.</summary>
    Unneeded,

    /// <summary>It would run: nothing was built, only asked.</summary>
    Expected,
}

public enum BuildState
{
    Running,
    Done,
    Failed,

    /// <summary>By its user, or by an error of the machine.</summary>
    Stopped,

    /// <summary>It has ended without a word. Never written: it is what a running build is whose session is over.</summary>
    Killed,
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BuildDetail))]
[JsonSerializable(typeof(KeyRecord))]
internal sealed partial class BuildJson : JsonSerializerContext;
