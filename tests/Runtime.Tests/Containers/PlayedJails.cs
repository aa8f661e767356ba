using System.Collections.Concurrent;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Tests.Containers;

/// <summary>Jails that run until a test, or a signal that they heed, ends them.</summary>
internal sealed class PlayedJails : IJailDriver
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<ExitStatus>> running = new(StringComparer.Ordinal);

    /// <summary>Every call but those that only ask.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>What the jails' first processes end with when they get a signal; null: they do not care.</summary>
    public Func<int, ExitStatus?> Heeds { get; set; } = signal => new ExitStatus(0, signal);

    /// <summary>Thrown instead of starting a jail.</summary>
    public Exception? Refusal { get; set; }

    /// <summary>Passed before a jail is there.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>A jail that was left by somebody else.</summary>
    public void Leave(string id) => running[id] = new TaskCompletionSource<ExitStatus>(TaskCreationOptions.RunContinuationsAsynchronously);

    public void End(string id, ExitStatus exit)
    {
        if (running.TryRemove(id, out var jail))
        {
            jail.SetResult(exit);
        }
    }

    public async Task<ExitStatus> RunAsync(JailSpec spec, ProcessOutput output, CancellationToken cancellationToken)
    {
        Calls.Enqueue("run " + string.Join(' ', spec.Process.Argv));
        await Gate;
        if (Refusal is { } refusal)
        {
            throw refusal;
        }

        Leave(spec.Id);
        var jail = running[spec.Id];
        await using var killed = cancellationToken.Register(() =>
        {
            running.TryRemove(spec.Id, out _);
            jail.TrySetCanceled(cancellationToken);
        });
        return await jail.Task;
    }

    public Task<ExitStatus> ExecAsync(string jailId, JailProcess process, ProcessOutput output, CancellationToken cancellationToken) =>
        running.ContainsKey(jailId) ? Task.FromResult(new ExitStatus(4)) : throw new JailNotRunningException(jailId);

    public Task SignalAsync(string jailId, int signal, CancellationToken cancellationToken)
    {
        if (!running.ContainsKey(jailId))
        {
            throw new JailNotRunningException(jailId);
        }

        Calls.Enqueue($"signal {signal}");
        if (Heeds(signal) is { } exit)
        {
            End(jailId, exit);
        }

        return Task.CompletedTask;
    }

    public Task<bool> PauseAsync(string jailId, CancellationToken cancellationToken) => throw new JailNotRunningException(jailId);

    public Task ResumeAsync(string jailId, CancellationToken cancellationToken) => throw new JailNotRunningException(jailId);

    public IReadOnlyCollection<string> MadeMountPoints(string jailId) => [];

    public Task<bool> IsRunningAsync(string jailId, CancellationToken cancellationToken) => Task.FromResult(running.ContainsKey(jailId));

    public Task RemoveAsync(string jailId, CancellationToken cancellationToken)
    {
        Calls.Enqueue("remove");
        End(jailId, new ExitStatus(0, Signals.Kill));
        return Task.CompletedTask;
    }
}
