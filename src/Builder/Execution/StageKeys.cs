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
        return stages;
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
            var read = place.Step switch
            {
                BuildStep.Copy copy => FilesOf(copy, place, cancellationToken),
                BuildStep.Run run => FilesOf(run, place, cancellationToken),
                _ => "",
            };
            key = StepKey.Of(place.Step, key, read, PlatformOf(stage));
            steps.Add(new KeyedStep(place, key));
        }

        var forced = request.NoCache
            || request.NoCacheStages.Contains(stage.DisplayName, StringComparer.OrdinalIgnoreCase)
            || stage.Dependencies.Any(dependency => stages[dependency].Forced);
        return new KeyedStage(stage, baseKey, steps.ToImmutable(), forced ? [] : Hits(steps), forced);
    }

    /// <summary>What identifies the files of a copy: their digest, or the tree they are in and their names.</summary>
    private string FilesOf(BuildStep.Copy copy, StepPlace place, CancellationToken cancellationToken) => copy.From switch
    {
        _ when copy.Sources.IsEmpty => "",
        TreeOrigin.Context or TreeOrigin.Named => copies.Digest(copy, place, cancellationToken),
        TreeOrigin.Stage origin => InTree(stages[origin.Index].Key, copy),
        TreeOrigin.Image image => InTree(bases[image.Reference].Key, copy),
        _ => throw new UnreachableException(),
    };

    /// <summary>What identifies the files that a command sees mounted, in the order of the mounts; what it writes to a cache never does.</summary>
    private string FilesOf(BuildStep.Run run, StepPlace place, CancellationToken cancellationToken) => string.Join(
        '\n',
        run.Mounts.Select(mount => mount switch
        {
            RunMount.Bind bind => FilesOf(bind, bind.From, bind.Source, place, cancellationToken),
            RunMount.Cache { From: { } origin } cache => FilesOf(cache, origin, cache.Source, place, cancellationToken),
            _ => "",
        }).Where(files => files.Length > 0));

    private string FilesOf(RunMount mount, TreeOrigin from, string source, StepPlace place, CancellationToken cancellationToken) => from switch
    {
        TreeOrigin.Context or TreeOrigin.Named => mounts.Digest(mount, from, source, place, cancellationToken),
        TreeOrigin.Stage stage => $"{stages[stage.Index].Key}\0{source}",
        TreeOrigin.Image image => $"{bases[image.Reference].Key}\0{source}",
        _ => throw new UnreachableException(),
    };

    private static string InTree(string key, BuildStep.Copy copy) => string.Join('\0', copy.Sources.Prepend(key));

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
