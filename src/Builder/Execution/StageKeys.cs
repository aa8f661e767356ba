using System.Collections.Immutable;
using System.Diagnostics;
using Kleene.Build.Builder.Caching;
using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Execution.Mounting;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>
/// Computes the keys of all steps before any of them runs. A key depends on what is asked and on the files of the context, never on
/// what a command does: so it is known beforehand which steps run, and stages that only feed cached steps are not built at all.
/// </summary>
internal sealed class StageKeys(BuildPlan plan, BuildRequest request, BaseImages bases, SnapshotCatalog snapshots, ContextCopies copies, ContextMounts mounts)
{
    private readonly Dictionary<int, KeyedStage> stages = [];

    /// <summary>The stages that the target needs, in the order of the file: a stage reads only earlier ones.</summary>
    /// <exception cref="KleeneException">Copies name files that are not there.</exception>
    public IReadOnlyDictionary<int, KeyedStage> Compute(CancellationToken cancellationToken)
    {
        var needed = plan.Stages.Where(stage => stage.IsReachable).ToList();
        var total = needed.Sum(stage => stage.Steps.Length);
        var number = 0;
        foreach (var stage in needed)
        {
            var places = stage.Steps.Select(step => new StepPlace(++number, total, stage, step)).ToList();
            stages[stage.Index] = KeyOf(stage, places, cancellationToken);
        }

        copies.ThrowIfWrong();
        mounts.ThrowIfWrong();
        RequireRepair();
        return stages;
    }

    /// <exception cref="KleeneException">What was repaired is not of this build any more, or something before it is not.</exception>
    private void RequireRepair()
    {
        if (request.Repair is not { } repair)
        {
            return;
        }

        var stage = stages.Values.FirstOrDefault(stage => stage.Steps.Any(step => step.IsRepaired))
            ?? throw new KleeneException($"what was repaired in container '{repair.Container}' is not asked any more: the step, or one before it, is another since it failed; build without --resume");
        if (stage.Hits.Length < stage.Steps.Length && stage.Misses.Any(step => step.IsRepaired))
        {
            var first = stage.Misses.First().Place.Step;
            throw new KleeneException($"{first.Place}: {first.Text}: this step would run again, so what was repaired in container '{repair.Container}' has nothing to stand on; build without --resume");
        }
    }

    private KeyedStage KeyOf(PlannedStage stage, IReadOnlyList<StepPlace> places, CancellationToken cancellationToken)
    {
        var baseKey = stage.Base switch
        {
            StageBase.Scratch => StepKey.Scratch,
            StageBase.Stage origin => stages[origin.Index].Key,
            StageBase.Image image => bases[image.Reference].Key,
            _ => throw new UnreachableException(),
        };
        var steps = ImmutableArray.CreateBuilder<KeyedStep>(places.Count);
        var key = baseKey;
        foreach (var place in places)
        {
            var question = new StepQuestion(place.Step, key, ReadsOf(place, cancellationToken), PlatformOf(stage));
            key = question.Key();
            var isRepaired = request.Repair?.FailedKey == key;
            key = isRepaired ? request.Repair!.Key : key;    // one that is repaired has a repair
            steps.Add(new KeyedStep(place, key, question, isRepaired));
        }

        var forced = request.NoCache
            || request.NoCacheStages.Contains(stage.DisplayName, StringComparer.OrdinalIgnoreCase)
            || stage.Dependencies.Any(dependency => stages[dependency].Forced);
        return new KeyedStage(stage, baseKey, steps.ToImmutable(), forced ? [] : Hits(steps), forced);
    }

    /// <summary>What a step reads beside its parent, in the order in which it says so.</summary>
    private ImmutableArray<ReadInput> ReadsOf(StepPlace place, CancellationToken cancellationToken) => place.Step switch
    {
        BuildStep.Copy { Sources.IsEmpty: false } copy => copy.From switch
        {
            TreeOrigin.Context or TreeOrigin.Named => copies.Find(copy, place, cancellationToken),
            var origin => [PathsIn(origin, copy.Sources)],
        },

        // What a command writes to a cache never counts, only what a new one begins with.
        BuildStep.Run run =>
        [
            .. run.Mounts.SelectMany(mount => mount switch
            {
                RunMount.Bind bind => ReadsOf(bind, bind.From, bind.Source, place, cancellationToken),
                RunMount.Cache { From: { } origin } cache => ReadsOf(cache, origin, cache.Source, place, cancellationToken),
                _ => [],
            }),
        ],
        _ => [],
    };

    private ImmutableArray<ReadInput> ReadsOf(RunMount mount, TreeOrigin from, string source, StepPlace place, CancellationToken cancellationToken) => from switch
    {
        TreeOrigin.Context or TreeOrigin.Named => mounts.Find(mount, from, source, place, cancellationToken) is { } files ? [files] : [],
        var origin => [PathsIn(origin, [source])],
    };

    private ReadInput.Paths PathsIn(TreeOrigin origin, ImmutableArray<string> written) => origin switch
    {
        TreeOrigin.Stage stage => new ReadInput.Paths($"stage '{stages[stage.Index].Stage.DisplayName}'", stages[stage.Index].Key, written),
        TreeOrigin.Image image => new ReadInput.Paths($"image '{image.Reference}'", bases[image.Reference].Key, written),
        _ => throw new UnreachableException(),
    };

    private ImmutableArray<SnapshotId> Hits(IEnumerable<KeyedStep> steps)
    {
        var hits = ImmutableArray.CreateBuilder<SnapshotId>();
        foreach (var step in steps)
        {
            if (snapshots.Find(step.Key) is not { } snapshot)
            {
                break;
            }

            hits.Add(snapshot);
        }

        return hits.ToImmutable();
    }

    private string PlatformOf(PlannedStage stage) => stage.Config.Platform.Length > 0 ? stage.Config.Platform : request.Compile.BuildPlatform;
}
