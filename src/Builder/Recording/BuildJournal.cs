using Kleene.Build.Builder.Events;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Recording;

/// <summary>
/// Writes a build down while it goes on: announced before anything runs, each step with its key when it has ended, the whole at the end. A build of
/// which everything is cached is one row, written once. No build fails because it cannot be written down.
/// </summary>
internal sealed class BuildJournal : IDisposable
{
    /// <summary>Builds that are remembered. What they leave is small beside their snapshots, but would grow for ever.</summary>
    private const int MostBuilds = 10_000;

    private readonly BuildStore builds;
    private readonly SnapshotCatalog snapshots;
    private readonly StateDirectory state;
    private readonly Session session;
    private readonly TimeProvider clock;
    private readonly BuildRequest request;
    private readonly DateTimeOffset started;
    private readonly BuildLogWriter log;
    private BuildForecast? forecast;
    private RecordedStep[] steps = [];
    private bool isAnnounced;
    private bool isEnded;

    public BuildJournal(BuildStore builds, SnapshotCatalog snapshots, StateDirectory state, Session session, TimeProvider clock, BuildRequest request)
    {
        this.builds = builds;
        this.snapshots = snapshots;
        this.state = state;
        this.session = session;
        this.clock = clock;
        this.request = request;
        started = clock.GetUtcNow();
        Id = SnapshotId.New().ToString();
        log = new BuildLogWriter(state, Id);
    }

    public string Id { get; }

    /// <summary>Why the build is not written down, or not all of it; null when it is.</summary>
    public string? Problem { get; private set; }

    /// <summary>To be called when the keys are there and nothing has run yet.</summary>
    public void Begin(BuildForecast known)
    {
        forecast = known;
        steps = [.. known.Steps.Select(step => step.State == RecordedStepState.Expected ? step with { State = RecordedStepState.Waiting } : step)];
        if (known.Expected.Any())
        {
            isAnnounced = true;
            Try(() => Save(BuildState.Running, null, null));
        }
    }

    /// <summary>Nothing is going to run, because something would have to: that is what is written down then.</summary>
    public void BeginUnexpected(BuildForecast known)
    {
        forecast = known;
        steps = [.. known.Steps];
        Try(() =>
        {
            foreach (var step in known.Expected)
            {
                SaveKey(step.Key);
            }
        });
    }

    public void Note(BuildEvent happened)
    {
        switch (happened)
        {
            case BuildEvent.StepStarted { Step: var step } when StepOf(step).State != RecordedStepState.Cached:
                // Until it says how it ended.
                StepOf(step) = StepOf(step) with { State = RecordedStepState.Stopped };
                break;
            case BuildEvent.StepCached cached when StepOf(cached.Step).State != RecordedStepState.Cached:
                // Another was faster.
                StepOf(cached.Step) = StepOf(cached.Step) with { State = RecordedStepState.Cached, Snapshot = cached.Snapshot.ToString() };
                break;
            case BuildEvent.StepOutput output:
                Try(() => log.Write(output.Step.Number, output.Kind, output.Line));
                break;
            case BuildEvent.StepCompleted completed:
                End(completed.Step, RecordedStepState.Built, completed.Snapshot, completed.Duration, null);
                break;
            case BuildEvent.StepFailed failed:
                End(failed.Step, RecordedStepState.Failed, null, failed.Duration, failed.Message);
                break;
            case BuildEvent.Profiled profiled:
                foreach (var step in profiled.Profile.Steps)
                {
                    steps[step.Number - 1] = steps[step.Number - 1] with { Statistics = step.Statistics };
                }

                break;
            case BuildEvent.Completed completed:
                End(BuildState.Done, completed.Image.Id, null);
                break;
            case BuildEvent.Failed failed:
                NoteDirty(failed);
                End(BuildState.Failed, failed.Kept?.Id, failed.Message);
                break;
        }
    }

    /// <summary>A build that has said nothing of its end was stopped.</summary>
    public void Dispose()
    {
        if (isAnnounced && !isEnded)
        {
            End(BuildState.Stopped, null, null);
        }

        Try(log.Dispose);
    }

    private ref RecordedStep StepOf(StepPlace place) => ref steps[place.Number - 1];

    private void End(StepPlace place, RecordedStepState how, SnapshotId? snapshot, TimeSpan duration, string? message)
    {
        StepOf(place) = StepOf(place) with { State = how, Snapshot = snapshot?.ToString(), DurationMilliseconds = (long)duration.TotalMilliseconds, Message = message };
        Try(() =>
        {
            log.Flush();
            SaveKey(StepOf(place).Key);
        });
    }

    /// <summary>The files of the failed step, by which it can be entered.</summary>
    private void NoteDirty(BuildEvent.Failed failed)
    {
        if (failed.Kept?.Steps is [.., { Snapshot: { } dirty } last] && Array.FindIndex(steps, step => step.State == RecordedStepState.Failed && step.Key == last.Key) is >= 0 and var index)
        {
            steps[index] = steps[index] with { Snapshot = dirty.ToString() };
        }
    }

    private void End(BuildState how, string? image, string? message)
    {
        if (forecast is not null)
        {
            isEnded = true;
            Try(() =>
            {
                log.Dispose();
                Save(how, image, message);
                snapshots.NoteUse(steps.Where(step => step.State == RecordedStepState.Cached).Select(step => step.SnapshotId).OfType<SnapshotId>());
                if (isAnnounced)
                {
                    foreach (var forgotten in builds.Trim(MostBuilds))
                    {
                        BuildLog.Remove(state, forgotten.Id);
                    }
                }
            });
        }
    }

    private void SaveKey(string key)
    {
        if (forecast?.Question(key) is { } question)
        {
            builds.SaveKey(key, question.Record(), question.Files);
        }
    }

    private void Save(BuildState how, string? image, string? message)
    {
        if (forecast?.ToRecord(request, started) is { } asked)
        {
            builds.Save(asked with
            {
                Id = Id,
                Duration = how == BuildState.Running ? TimeSpan.Zero : clock.GetUtcNow() - started,
                State = how,
                Session = how == BuildState.Running ? session.Id : "",
                Image = image,
                Detail = asked.Detail with { Message = message, Steps = [.. steps] },
            });
        }
    }

    /// <summary>What cannot be written is given up for good: half a record would be taken for a whole one.</summary>
    private void Try(Action write)
    {
        if (Problem is not null)
        {
            return;
        }

        try
        {
            write();
        }
        catch (Exception exception) when (exception is KleeneException or IOException or UnauthorizedAccessException)
        {
            Problem = exception.Message;
        }
    }
}
