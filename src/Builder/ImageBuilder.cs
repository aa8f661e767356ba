using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Kleene.Build.Builder.Caching;
using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Execution;
using Kleene.Build.Builder.Execution.Mounting;
using Kleene.Build.Builder.Fetching;
using Kleene.Build.Builder.Profiling;
using Kleene.Build.Builder.Recording;
using Kleene.Build.Builder.Watching;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Linting;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Fetching;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Space;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Tracing;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Builder;

/// <summary>Builds images from Kleenefiles. Orchestration only: what touches the machine is the Runtime's.</summary>
public sealed class ImageBuilder(
    SnapshotCatalog snapshots,
    ImageStore images,
    BuildStore builds,
    IJailDriver jails,
    VolumeLifecycle volumes,
    NetworkLifecycle networks,
    StoreSpace space,
    Fetcher fetcher,
    StateDirectory state,
    Session session,
    TimeProvider clock)
{
    private const string FailedTag = "failed";

    /// <summary>Of one thing, when it is asked how long steps took that are cached now.</summary>
    private const int MostEarlierBuilds = 50;

    /// <summary>
    /// Builds and tells what happens. The last event is <see cref="BuildEvent.Completed"/> or <see cref="BuildEvent.Failed"/>;
    /// a cancelled build throws after all that it had begun is undone.
    /// </summary>
    public async IAsyncEnumerable<BuildEvent> BuildAsync(BuildRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var journal = new BuildJournal(builds, snapshots, state, session, clock, request);
        var events = Channel.CreateUnbounded<BuildEvent>(new UnboundedChannelOptions { SingleReader = true });
        var work = RunAsync(request, journal, events.Writer, cancellationToken);

        // Read to the end also when cancelled: the channel closes when everything is cleaned up.
        await foreach (var happened in events.Reader.ReadAllAsync(CancellationToken.None))
        {
            using (happened is BuildEvent.StepOutput ? default : Tracer.Begin("record"))
            {
                journal.Note(happened);
            }

            if (happened is BuildEvent.Completed or BuildEvent.Failed && journal.Problem is { } problem)
            {
                yield return new BuildEvent.Unrecorded(problem);
            }

            yield return happened;
        }

        await work;
    }

    /// <summary>What a build would do, without running anything. Contexts are read and addresses are asked for what they lead to, as for a build.</summary>
    /// <returns>What the compiler says, and the forecast; null when there is no plan.</returns>
    public async Task<(ImmutableArray<Diagnostic> Diagnostics, BuildForecast? Forecast)> ForecastAsync(BuildRequest request, CancellationToken cancellationToken)
    {
        var (compilation, bases) = Compile(request);
        if (compilation.Plan is not { } plan)
        {
            return (compilation.Diagnostics, null);
        }

        var remotes = new RemoteSources(fetcher);
        await remotes.ResolveAsync(plan, cancellationToken);
        var stages = new StageKeys(plan, request, bases, snapshots, new ContextCopies(request, remotes), new ContextMounts(request)).Compute(cancellationToken);
        return (compilation.Diagnostics, BuildForecast.Of(plan, stages, bases));
    }

    /// <summary>What a build reads of its contexts, for somebody who waits for changes; null when there is no plan.</summary>
    public ContextReads? FindReads(BuildRequest request) =>
        Compile(request with { Compile = request.Compile with { Lint = LintLevel.None } }).Compilation.Plan is { } plan ? ContextReads.Of(plan, request) : null;

    private async Task RunAsync(BuildRequest request, BuildJournal journal, ChannelWriter<BuildEvent> events, CancellationToken cancellationToken)
    {
        try
        {
            var started = Stopwatch.GetTimestamp();
            jails.Require(request.JailParameters);
            events.TryWrite(await RunAsync(request, journal, events, started, cancellationToken));
        }
        finally
        {
            events.Complete();
        }
    }

    private async Task<BuildEvent> RunAsync(BuildRequest request, BuildJournal journal, ChannelWriter<BuildEvent> events, long started, CancellationToken cancellationToken)
    {
        var (compilation, bases) = Compile(request);
        foreach (var diagnostic in compilation.Diagnostics)
        {
            events.TryWrite(new BuildEvent.Diagnosed(diagnostic));
        }

        if (compilation.Plan is not { } plan)
        {
            var errors = compilation.Diagnostics.Count(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
            return new BuildEvent.Failed($"'{request.Source.Path}' has {errors} error{(errors == 1 ? "" : "s")}", null, null, Stopwatch.GetElapsedTime(started));
        }

        Consent.Require(plan, request);
        _ = SourceDate.Of(request.Compile.Arguments);
        var remotes = new RemoteSources(fetcher);
        using (Tracer.Begin("ask addresses"))
        {
            await remotes.ResolveAsync(plan, cancellationToken);
        }

        var copies = new ContextCopies(request, remotes);
        var mounts = new ContextMounts(request);
        var (stages, forecast) = Foresee(plan, bases, new StageKeys(plan, request, bases, snapshots, copies, mounts), cancellationToken);
        events.TryWrite(new BuildEvent.Started(plan.Target.DisplayName, forecast.Steps.Length, journal.Id));
        if (request.ExpectsCached && forecast.Expected.Count() is > 0 and var count)
        {
            journal.BeginUnexpected(forecast);
            return new BuildEvent.Failed($"{count} step{(count == 1 ? "" : "s")} would run, and everything was expected to be cached", null, null, Stopwatch.GetElapsedTime(started));
        }

        journal.Begin(forecast);
        while (space.IsBounded && !snapshots.AreThere(stages.Values.SelectMany(stage => stage.Hits)))
        {
            // Another build has evicted something before anybody knew that this one wants it.
            (stages, forecast) = Foresee(plan, bases, new StageKeys(plan, request, bases, snapshots, copies, mounts), cancellationToken);
            journal.Begin(forecast);
        }

        await using var guard = space.Guard(evicted => events.TryWrite(new BuildEvent.Evicted(evicted)));
        await using var trees = new MountTrees(snapshots);
        await using var stacks = new BuildNetworks(networks);
        var mounter = new StepMounter(snapshots, new CacheMounter(volumes, trees), trees, mounts, request);
        var measures = request.Profile is { } timeline ? new StepMeasures(timeline) : null;
        var runners = new StepRunners(
            new RunStepRunner(snapshots, jails, mounter, stacks, new SecretMask(request.Secrets), measures, request),
            new CopyStepRunner(snapshots, copies, new RemoteCopier(fetcher, snapshots), request.CopyUpdates),
            new WorkdirStepRunner(snapshots),
            guard,
            measures);
        using var engine = new BuildEngine(plan, stages, runners, new StepTurns(new StepLocks(state), snapshots, journal.Id), bases, request.Jobs, events, cancellationToken);
        var outcome = await RunAsync(engine);
        if (measures is not null)
        {
            var earlier = builds.Before(forecast.ToRecord(request, clock.GetUtcNow()), MostEarlierBuilds);
            var profiler = new BuildProfiler(forecast, stages, measures, snapshots, images, earlier);
            events.TryWrite(new BuildEvent.Profiled(await profiler.MakeAsync(request.Source.Path, cancellationToken)));
        }

        return outcome.Failure is { } failure
            ? await FailAsync(request, outcome, failure, started)
            : new BuildEvent.Completed(await FinishAsync(request, plan.Target, outcome, cancellationToken), Stopwatch.GetElapsedTime(started));
    }

    /// <summary>What each step asks, and so what is going to run.</summary>
    private static (IReadOnlyDictionary<int, KeyedStage> Stages, BuildForecast Forecast) Foresee(BuildPlan plan, BaseImages bases, StageKeys keys, CancellationToken cancellationToken)
    {
        using var traced = Tracer.Begin("keys");
        var stages = keys.Compute(cancellationToken);
        return (stages, BuildForecast.Of(plan, stages, bases));
    }

    private static async Task<StageOutcome> RunAsync(BuildEngine engine)
    {
        using var traced = Tracer.Begin(BuildProfile.StepsSpan);
        return await engine.RunAsync();
    }

    /// <summary>
    /// More than once, because only a plan tells which images have to be known for the next: they bring variables, on which conditions
    /// may hang, and ONBUILD instructions, which may name further images. Images only become more, so this ends.
    /// </summary>
    private (Compilation Compilation, BaseImages Bases) Compile(BuildRequest request)
    {
        using var traced = Tracer.Begin("compile", request.Source.Path);
        var bases = new BaseImages();
        var compilation = KleenefileCompiler.Compile(request.Source, request.Compile);
        while (compilation.Plan is { } plan && bases.AddFrom(plan, images))
        {
            compilation = KleenefileCompiler.Compile(request.Source, request.Compile with { BaseConfigs = bases.Configs });
        }

        return (compilation, bases);
    }

    private async Task<Image> FinishAsync(BuildRequest request, PlannedStage target, StageOutcome outcome, CancellationToken cancellationToken)
    {
        using var traced = Tracer.Begin("image");
        var snapshot = outcome.Snapshot ?? await EmptyAsync(cancellationToken);
        var config = StageConfigs.ToImage(target.Config, request.Labels);
        var date = SourceDate.Of(request.Compile.Arguments);

        // A build that changed nothing gives the image that is there already.
        if (images.FindSame(snapshot, config) is { } same && (date ?? same.Created) == same.Created)
        {
            foreach (var tag in request.Tags)
            {
                images.Tag(same.Id, tag);
            }

            return images.Find(same.Id).Image;
        }

        var image = NewImage(snapshot, outcome, config) with { Created = date ?? clock.GetUtcNow() };
        images.Add(image, request.Tags);
        return image with { Names = [.. request.Tags.Select(tag => tag.ToString())] };
    }

    private async Task<BuildEvent> FailAsync(BuildRequest request, StageOutcome outcome, StageFailure failure, long started)
    {
        Image? kept = null;
        if (request.KeepFailed && (outcome.Snapshot ?? failure.Outcome.Dirty) is { } snapshot)
        {
            kept = NewImage(snapshot, outcome, StageConfigs.ToImage(failure.Place.Step.Config, request.Labels));
            var names = request.Tags.Select(tag => tag with { Tag = FailedTag }).Distinct().ToImmutableArray();
            var replaced = names.Select(name => images.TryFind(name.ToString())?.Image).OfType<Image>().DistinctBy(image => image.Id).ToList();
            images.Add(kept, names);
            kept = kept with { Names = [.. names.Select(name => name.ToString())] };
            await ForgetFailuresAsync(replaced);
        }

        return new BuildEvent.Failed(failure.Outcome.Message, kept, outcome.Snapshot, Stopwatch.GetElapsedTime(started));
    }

    /// <summary>Failures that lost their last name to a newer one would only take space.</summary>
    private async Task ForgetFailuresAsync(IEnumerable<Image> replaced)
    {
        foreach (var image in replaced.Where(image => images.Find(image.Id).Image is { Names.IsEmpty: true, IsPinned: false } && !images.IsUsed(image)))
        {
            await snapshots.RemoveUnusedAsync(images.Remove(image), CancellationToken.None);
        }
    }

    private Image NewImage(SnapshotId snapshot, StageOutcome outcome, ImageConfig config) => new()
    {
        Id = SnapshotId.New().ToString(),
        Snapshot = snapshot,
        Key = outcome.Key,
        Config = config,
        Created = clock.GetUtcNow(),
        Steps = outcome.History,
    };

    /// <summary>FROM scratch with nothing after it is an image too.</summary>
    private async Task<SnapshotId> EmptyAsync(CancellationToken cancellationToken)
    {
        if (snapshots.Find(StepKey.Scratch) is { } known)
        {
            return known;
        }

        await using var draft = await snapshots.DraftAsync(null, WorkspaceUse.BuildStep, cancellationToken);
        return await draft.CommitAsync(StepKey.Scratch, replace: false, cancellationToken);
    }
}
