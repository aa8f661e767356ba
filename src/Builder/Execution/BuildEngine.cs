using System.Collections.Immutable;
using System.Diagnostics;
using System.Threading.Channels;
using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Profiling;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Builder.Execution;

/// <summary>
/// Walks a plan whose keys are known: says what the cache has, then runs the rest. A stage is one task that does its steps in
/// order; it starts the stages that it reads when, and only when, one of its own steps has to run.
/// </summary>
internal sealed class BuildEngine : IDisposable
{
    private readonly BuildPlan plan;
    private readonly IReadOnlyDictionary<int, KeyedStage> stages;
    private readonly StepRunners runners;
    private readonly StepTurns turns;
    private readonly BaseImages bases;
    private readonly ChannelWriter<BuildEvent> events;
    private readonly SemaphoreSlim slots;
    private readonly CancellationTokenSource ending;
    private readonly Dictionary<int, Lazy<Task<StageOutcome>>> outcomes;

    public BuildEngine(
        BuildPlan plan,
        IReadOnlyDictionary<int, KeyedStage> stages,
        StepRunners runners,
        StepTurns turns,
        BaseImages bases,
        int jobs,
        ChannelWriter<BuildEvent> events,
        CancellationToken cancellationToken)
    {
        this.plan = plan;
        this.stages = stages;
        this.runners = runners;
        this.turns = turns;
        this.bases = bases;
        this.events = events;
        slots = new SemaphoreSlim(Math.Max(1, jobs));
        ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        outcomes = stages.ToDictionary(stage => stage.Key, stage => new Lazy<Task<StageOutcome>>(() => BuildAsync(stage.Value)));
    }

    /// <summary>Builds the target. The outcome is that of the stage that failed when one did. Nothing runs any more when this returns.</summary>
    public async Task<StageOutcome> RunAsync()
    {
        foreach (var stage in stages.Values)
        {
            for (var i = 0; i < stage.Hits.Length; i++)
            {
                events.TryWrite(new BuildEvent.StepStarted(stage.Steps[i].Place));
                events.TryWrite(new BuildEvent.StepCached(stage.Steps[i].Place, stage.Hits[i]));
            }
        }

        var target = StageAsync(plan.TargetIndex);
        await ((Task)target).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var begun = new List<Task<StageOutcome>>();
        foreach (var outcome in outcomes.Values.Where(outcome => outcome.IsValueCreated))
        {
            begun.Add(outcome.Value);
        }

        await ((Task)Task.WhenAll(begun)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // The first stage that failed cancelled the others; its answer is the build's, not theirs.
        var failed = begun.Find(stage => stage.IsCompletedSuccessfully && stage.Result.Failure is not null) ?? begun.Find(stage => stage.IsFaulted);
        return await (failed ?? target);
    }

    public void Dispose()
    {
        slots.Dispose();
        ending.Dispose();
    }

    private Task<StageOutcome> StageAsync(int index) => outcomes[index].Value;

    private async Task<StageOutcome> BuildAsync(KeyedStage stage)
    {
        using var traced = Tracer.Begin("stage", stage.Stage.DisplayName);
        try
        {
            foreach (var origin in stage.Misses.SelectMany(step => step.Place.Step.Origins).OfType<TreeOrigin.Stage>())
            {
                _ = StageAsync(origin.Index);
            }

            var state = await StartAsync(stage);
            state = stage.Steps.Zip(stage.Hits).Aggregate(state, (so, pair) => Advance(so, pair.First, pair.Second, ImageStepState.Cached, TimeSpan.Zero));
            foreach (var step in stage.Misses.TakeWhile(_ => state.Failure is null))
            {
                state = await StepAsync(step, state, stage.Forced);
            }

            return state;
        }
        catch
        {
            await ending.CancelAsync();
            throw;
        }
    }

    /// <summary>The tree under the first step. A base stage is built only when nothing of this one is known.</summary>
    private async Task<StageOutcome> StartAsync(KeyedStage stage)
    {
        switch (stage.Stage.Base)
        {
            case StageBase.Scratch:
                return new StageOutcome(null, stage.BaseKey, []);
            case StageBase.Image image:
                return new StageOutcome(bases[image.Reference].Snapshot, stage.BaseKey, []);
            case StageBase.Stage origin when stage.Hits.Length == 0:
                return await StageAsync(origin.Index);
            case StageBase.Stage origin:
                return KnownHistory(stages[origin.Index]);
            default:
                throw new UnreachableException();
        }
    }

    private StageOutcome KnownHistory(KeyedStage stage)
    {
        var state = stage.Stage.Base is StageBase.Stage origin ? KnownHistory(stages[origin.Index]) : new StageOutcome(null, stage.BaseKey, []);
        return stage.Steps.Zip(stage.Hits).Aggregate(state, (so, pair) => Advance(so, pair.First, pair.Second, ImageStepState.Cached, TimeSpan.Zero));
    }

    private async Task<StageOutcome> StepAsync(KeyedStep step, StageOutcome state, bool replace)
    {
        var (origins, failed) = await OriginsAsync(step.Place.Step);
        if (failed is not null)
        {
            return failed;
        }

        // First the turn and then the slot: who waits for another's step keeps nobody from running.
        var isTold = false;
        using var turn = await turns.TakeAsync(step, replace, Wait, ending.Token);
        if (turn.Made is { } made)
        {
            Start();
            events.TryWrite(new BuildEvent.StepCached(step.Place, made));
            return Advance(state, step, made, ImageStepState.Cached, TimeSpan.Zero);
        }

        using (Tracer.Begin("wait for a slot"))
        {
            await slots.WaitAsync(ending.Token);
        }

        try
        {
            using var traced = Tracer.Begin(BuildProfile.StepSpan, step.Text, step.Place.Number);
            Start();
            var started = Stopwatch.GetTimestamp();
            var output = new StepOutput(step.Place, events);
            var outcome = await runners.RunAsync(step.Place, new StepInput(state.Snapshot, step.Key, replace, step.Question), origins, output, ending.Token);
            var duration = Stopwatch.GetElapsedTime(started);
            switch (outcome)
            {
                case StepOutcome.Built built:
                    turns.NoteMade(step, built.Snapshot);
                    events.TryWrite(new BuildEvent.StepCompleted(step.Place, built.Snapshot, duration));
                    return Advance(state, step, built.Snapshot, ImageStepState.Built, duration);
                case StepOutcome.Failed failure:
                    events.TryWrite(new BuildEvent.StepFailed(step.Place, failure.Exit, failure.Message, state.Snapshot, duration));
                    await ending.CancelAsync();
                    var config = StageConfigs.ToImage(step.Place.Step.Config, []);
                    var line = new ImageStep(step.Text, ImageStepState.Failed, failure.Dirty, step.Key, duration, config, StepEntries.Of(step.Place.Step));
                    return state with { History = state.History.Add(line), Failure = new StageFailure(step.Place, failure) };
                default:
                    throw new UnreachableException();
            }
        }
        finally
        {
            slots.Release();
        }

        void Start()
        {
            if (!isTold)
            {
                isTold = true;
                events.TryWrite(new BuildEvent.StepStarted(step.Place));
            }
        }

        void Wait()
        {
            Start();
            events.TryWrite(new BuildEvent.StepWaiting(step.Place));
        }
    }

    /// <summary>The stages and images that a step reads, or the stage among them that failed.</summary>
    private async Task<(StepOrigins Origins, StageOutcome? Failed)> OriginsAsync(BuildStep step)
    {
        var trees = new Dictionary<TreeOrigin, OriginTree>();
        foreach (var origin in step.Origins)
        {
            switch (origin)
            {
                case TreeOrigin.Stage stage:
                    var outcome = await StageAsync(stage.Index);
                    if (outcome.Failure is not null)
                    {
                        return (StepOrigins.None, outcome);
                    }

                    trees[origin] = new OriginTree(outcome.Snapshot, outcome.Key);
                    break;
                case TreeOrigin.Image image:
                    trees[origin] = new OriginTree(bases[image.Reference].Snapshot, bases[image.Reference].Key);
                    break;
            }
        }

        return (new StepOrigins(trees), null);
    }

    private static StageOutcome Advance(StageOutcome state, KeyedStep step, SnapshotId snapshot, ImageStepState how, TimeSpan duration)
    {
        var config = StageConfigs.ToImage(step.Place.Step.Config, []);
        var line = new ImageStep(step.Text, how, snapshot, step.Key, duration, config, StepEntries.Of(step.Place.Step));
        return new StageOutcome(snapshot, step.Key, state.History.Add(line));
    }

    private sealed class StepOutput(StepPlace place, ChannelWriter<BuildEvent> events) : IOutputSink
    {
        public void WriteLine(OutputKind kind, string line) => events.TryWrite(new BuildEvent.StepOutput(place, kind, line));
    }
}
