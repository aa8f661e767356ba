using System.Text;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Containers;

/// <summary>
/// What is done for one run of a container from time to time, by a process of its own that ends with it: its health is checked, its log
/// is rotated. A container that asks for neither has no such process. One whose process was killed gets another with the next command.
/// </summary>
public sealed class ContainerWatch(ContainerStore containers, ContainerLifecycle lifecycle, IJailDriver jails, Session session, StateDirectory state, TimeProvider clock)
{
    /// <summary>How often the size of a log is looked at.</summary>
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long the place is waited for: somebody may just be looking whether it is taken.</summary>
    private static readonly TimeSpan PlaceTime = TimeSpan.FromSeconds(1);

    public static bool IsNeeded(ContainerSpec spec) => spec.Healthcheck is not null || spec.Log is not null;

    /// <summary>What starts such a process.</summary>
    internal static CommandLine Command(OwnCommand self, SnapshotId id, string supervisor) => self.ToCommandLine("container", "watch", id.ToString(), supervisor);

    /// <summary>Returns when the run is over; at once when another process watches it.</summary>
    public async Task WatchAsync(SnapshotId id, string supervisor, CancellationToken cancellationToken)
    {
        if (!containers.IsBusy(id, supervisor))
        {
            return;
        }

        // The record is read when the place is ours: whoever had it before may have written to it until then.
        using var place = await TryTakePlaceAsync(id, cancellationToken);
        if (place is null || containers.TryFind(id) is not { } container || !containers.IsBusy(id, supervisor))
        {
            return;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var health = container.Spec.Healthcheck is { } check ? CheckAsync(container, check, ended.Token) : Task.CompletedTask;
        var log = container.Spec.Log is { } bound ? RotateAsync(container, bound, ended.Token) : Task.CompletedTask;
        var work = Task.WhenAll(health, log);
        await Task.WhenAny(work, session.WaitAsync(supervisor, ended.Token));
        await ended.CancelAsync();
        try
        {
            await work;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The run is over: whatever was waited for is nobody's any more.
        }
    }

    private async Task<FileLock?> TryTakePlaceAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        using var enough = new CancellationTokenSource(PlaceTime, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(enough.Token, cancellationToken);
        try
        {
            return await new ContainerDirectory(state, id).LockWatchAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task RotateAsync(Container container, LogBound bound, CancellationToken cancellationToken)
    {
        var rotation = new LogRotation(new ContainerDirectory(state, container.Id).Log);
        while (true)
        {
            await Task.Delay(LogInterval, clock, cancellationToken);
            if (rotation.Rotate(bound))
            {
                jails.ReopenLog(container.Id.ToString());
            }
        }
    }

    private async Task CheckAsync(Container container, ImageHealthcheck check, CancellationToken cancellationToken)
    {
        var schedule = HealthSchedule.Of(check);
        var started = container.Started ?? clock.GetUtcNow();
        var health = container.Health ?? ContainerHealth.Begin;
        while (true)
        {
            await Task.Delay(schedule.PauseIn(health.Status, clock.GetUtcNow() - started), clock, cancellationToken);
            var probe = await ProbeAsync(container, check, schedule.Timeout, cancellationToken);
            var before = health.Status;
            health = health.After(probe, schedule, probe.Start - started);
            containers.SetHealth(container.Id, container.Session, health);
            if (health.Status == HealthStatus.Unhealthy && before != HealthStatus.Unhealthy)
            {
                await ActAsync(container, cancellationToken);
            }
        }
    }

    private async Task<HealthProbe> ProbeAsync(Container container, ImageHealthcheck check, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var begun = clock.GetUtcNow();
        var output = new BoundedOutput();
        using var enough = new CancellationTokenSource(timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(enough.Token, cancellationToken);
        var process = new JailProcess
        {
            Argv = check.Test is ["CMD-SHELL", var text, ..] ? ["/bin/sh", "-c", text] : check.Test[1..],
            Environment = container.Spec.Environment,
            User = container.Spec.User,
            WorkingDirectory = container.Spec.WorkingDirectory,
        };
        try
        {
            var exit = await jails.ExecAsync(container.Id.ToString(), process, ProcessOutput.To(output), either.Token);
            return new HealthProbe(begun, clock.GetUtcNow(), exit.ShellCode, output.Text);
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new HealthProbe(begun, clock.GetUtcNow(), -1, $"the check took longer than {timeout.TotalSeconds:0.###} s");
        }
        catch (KleeneException exception)
        {
            return new HealthProbe(begun, clock.GetUtcNow(), -1, exception.Message);
        }
    }

    private async Task ActAsync(Container container, CancellationToken cancellationToken)
    {
        switch (container.Spec.OnUnhealthy)
        {
            case HealthAction.Kill:
                await lifecycle.SignalAsync(container, Signals.Kill, cancellationToken);
                break;
            case HealthAction.Stop:
                await lifecycle.StopAsync(container, grace: null, cancellationToken);
                break;
            case HealthAction.Restart:
                // Our own end comes with that of the run, in the middle of it.
                await lifecycle.RestartAsync(container, grace: null, CancellationToken.None);
                break;
            case HealthAction.None:
                break;
        }
    }

    /// <summary>Keeps the beginning of what a check prints.</summary>
    private sealed class BoundedOutput : IOutputSink
    {
        private const int Bytes = 4096;
        private readonly Lock gate = new();
        private readonly StringBuilder text = new();

        public string Text
        {
            get
            {
                lock (gate)
                {
                    return text.ToString();
                }
            }
        }

        public void WriteLine(OutputKind stream, string line)
        {
            lock (gate)
            {
                text.Append(line.AsSpan(0, Math.Min(line.Length, Bytes - text.Length)));
                if (text.Length < Bytes)
                {
                    text.Append('\n');
                }
            }
        }
    }
}
