using System.Collections.Immutable;
using Kleene.Build.Builder.Recording;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Explaining;

/// <summary>Says why each step of a build ran, by holding what it asked against what the nearest earlier build asked.</summary>
/// <param name="builds">What is recorded.</param>
/// <param name="forecast">A build that is not recorded, because it is only asked about; null for one that is.</param>
public sealed class BuildExplainer(BuildStore builds, BuildForecast? forecast = null)
{
    /// <summary>Of so many earlier builds of a file or a name the nearest is looked for.</summary>
    private const int Candidates = 20;

    /// <param name="against">What it is held against; null looks for the nearest.</param>
    public BuildExplanation Explain(BuildRecord build, BuildRecord? against = null)
    {
        var earlier = against is null ? builds.Before(build, Candidates) : [against];
        var nearest = Nearest(build, earlier);
        var work = new Work(build, nearest, earlier, FindKey, FindFiles);
        return new BuildExplanation(build, nearest, [.. build.Detail.Steps.Select(step => new StepExplanation(step, Needs(step) ? work.CauseOf(step) : null))]);
    }

    private static bool Needs(RecordedStep step) => step.HasRun || step.State == RecordedStepState.Expected;

    /// <summary>The one with the most questions in common; of several the latest. Those that only asked were none.</summary>
    private static BuildRecord? Nearest(BuildRecord build, IReadOnlyList<BuildRecord> earlier)
    {
        var keys = build.Detail.Steps.Select(step => step.Key).ToHashSet(StringComparer.Ordinal);
        return earlier.Where(other => other.Detail.Steps.Length > 0 && other.Detail.Steps.All(step => step.State != RecordedStepState.Expected))
            .MaxBy(other => other.Detail.Steps.Count(step => keys.Contains(step.Key)));
    }

    private KeyRecord? FindKey(string key) => forecast?.FindKey(key) ?? builds.FindKey(key);

    private FileList? FindFiles(string digest) => forecast?.FindFiles(digest) ?? builds.FindFiles(digest);

    private sealed class Work(
        BuildRecord build, BuildRecord? against, IReadOnlyList<BuildRecord> earlier, Func<string, KeyRecord?> findKey, Func<string, FileList?> findFiles)
    {
        private readonly KeyComparison comparison = new(findFiles);
        private readonly StepPairs? pairs = against is null ? null : new StepPairs(against.Detail, build.Detail);
        private readonly Dictionary<int, Cause> known = [];

        public Cause CauseOf(RecordedStep step)
        {
            if (!known.TryGetValue(step.Number, out var cause))
            {
                known[step.Number] = cause = Find(step);
            }

            return cause;
        }

        private Cause Find(RecordedStep step)
        {
            if (step.IsForced)
            {
                return new Cause.Forced();
            }

            if (Asked(step) is { } asked)
            {
                return asked;
            }

            if (pairs is null)
            {
                return new Cause.Unprecedented();
            }

            if (pairs.Find(step) is not { } old)
            {
                return new Cause.Added();
            }

            return findKey(old.Key) is { } before && findKey(step.Key) is { } after ? Explain(step, comparison.Compare(before, after), after) : new Cause.Unknown();
        }

        /// <summary>The very same question of an earlier build; a step that is cached had its answer.</summary>
        private Cause? Asked(RecordedStep step)
        {
            if (step.State == RecordedStepState.Cached)
            {
                return null;
            }

            foreach (var other in earlier)
            {
                switch (other.Detail.Steps.FirstOrDefault(old => old.Key == step.Key))
                {
                    case { State: RecordedStepState.Built or RecordedStepState.Cached }:
                        return new Cause.Lost(other);
                    case { State: RecordedStepState.Failed or RecordedStepState.Stopped } unanswered:
                        return new Cause.Unanswered(other, unanswered);
                    case { State: RecordedStepState.Waiting } waited when other == against:
                        return new Cause.Unanswered(other, waited);
                }
            }

            return null;
        }

        private Cause Explain(RecordedStep step, ImmutableArray<InputChange> changes, KeyRecord after)
        {
            var own = changes.RemoveAll(change => change.Name == "parent");
            if (own.Length < changes.Length)
            {
                return OfParent(step, own);
            }

            // A tree of another stage that is another one says nothing by itself: what is behind it does.
            if (changes is [{ Name: "files" or "mounted", IsOfFiles: false } first, ..] && Behind(first, after) is { } origin)
            {
                return new Cause.Followed(origin, first.Item, CauseOf(origin), changes.Remove(first));
            }

            return changes.IsEmpty ? new Cause.Unknown() : new Cause.Changed(changes);
        }

        private Cause OfParent(RecordedStep step, ImmutableArray<InputChange> own)
        {
            var stage = build.Detail.Stages.First(stage => stage.Index == step.Stage);
            if (build.Detail.Steps.LastOrDefault(other => other.Stage == step.Stage && other.Number < step.Number) is { } before)
            {
                return new Cause.Followed(before, $"step {before.Number}", CauseOf(before), own);
            }

            if (build.Detail.Steps.LastOrDefault(other => other.Stage != step.Stage && other.Key == stage.BaseKey) is { } last)
            {
                return new Cause.Followed(last, stage.Base, CauseOf(last), own);
            }

            var old = against?.Detail.Stages.FirstOrDefault(other => other.Name == stage.Name);
            return old is null ? new Cause.Unknown() : new Cause.Rebased(stage.Base, stage.BaseKey, old.Base, old.BaseKey, own);
        }

        /// <summary>The step of this build that made a tree which is read.</summary>
        private RecordedStep? Behind(InputChange change, KeyRecord after)
        {
            var input = after.Inputs.FirstOrDefault(input => input.Kind == KeyInputKind.Tree && input.Tree == change.Item && input.Name == change.Name);
            return input is null || change.Before?.Split(' ')[0] == input.Values[0] ? null : build.Detail.Steps.LastOrDefault(step => step.Key == input.Values[0]);
        }
    }
}

/// <param name="Against">The build that it was held against; null when there was none.</param>
/// <param name="Steps">All of them.</param>
public sealed record BuildExplanation(BuildRecord Build, BuildRecord? Against, ImmutableArray<StepExplanation> Steps);

/// <param name="Cause">Why it ran; null when it did not.</param>
public sealed record StepExplanation(RecordedStep Step, Cause? Cause)
{
    /// <summary>What would have avoided it; null when nothing is known that would.</summary>
    public string? Advice => Cause is null ? null : Explaining.Advice.For(Step, Cause);
}
