using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Tests.Containers;

/// <summary>Jails that run until a test, or a signal that they heed, ends them.</summary>
internal sealed partial class PlayedJails : IJailDriver
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<ExitStatus>> running = new(StringComparer.Ordinal);

    /// <summary>What their supervisors hold open.</summary>
    private readonly ConcurrentDictionary<string, List<SafeFileHandle>> supervised = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, JailEnd> ends = new(StringComparer.Ordinal);

    /// <summary>Every call but those that only ask.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>What the jails' first processes end with when they get a signal; null: they do not care.</summary>
    public Func<int, ExitStatus?> Heeds { get; set; } = signal => new ExitStatus(0, signal);

    /// <summary>Thrown instead of starting a jail.</summary>
    public Exception? Refusal { get; set; }

    /// <summary>Thrown instead of letting the first process of a jail go that is there.</summary>
    public Exception? LateRefusal { get; set; }

    /// <summary>Passed before a jail is there.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>A jail that was left by somebody else.</summary>
    public void Leave(string id) => running[id] = new TaskCompletionSource<ExitStatus>(TaskCreationOptions.RunContinuationsAsynchronously);

    public void End(string id, ExitStatus exit)
    {
        if (supervised.ContainsKey(id))
        {
            ends[id] = new JailEnd(exit.ShellCode, OutOfMemory: false);
            EndSupervisor(id);
        }

        if (running.TryRemove(id, out var jail))
        {
            jail.SetResult(exit);
        }
    }

    /// <summary>A supervisor that is killed says nothing, and lets go what it held.</summary>
    public void EndSupervisor(string id)
    {
        if (supervised.TryRemove(id, out var held))
        {
            held.ForEach(file => file.Dispose());
        }
    }

    /// <summary>What a restart of the machine does to a jail.</summary>
    public void Forget(string id) => running.TryRemove(id, out _);

    public bool NeedsSupervisorForOutOfMemory => false;

    public bool MountsForAll => false;

    public bool MapsUsers => false;

    public void Require(ImmutableArray<string> parameters)
    {
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

    public async Task CreateAsync(JailSpec spec, JailSupervision supervision, CancellationToken cancellationToken)
    {
        Calls.Enqueue("create " + string.Join(' ', spec.Process.Argv));
        await Gate;
        if (Refusal is { } refusal)
        {
            throw refusal;
        }

        supervised[spec.Id] = [.. supervision.Held.Select(file => new SafeFileHandle(dup((int)file.DangerousGetHandle()), ownsHandle: true))];
    }

    public Task StartAsync(string jailId, CancellationToken cancellationToken)
    {
        Calls.Enqueue("start");
        if (LateRefusal is { } refusal)
        {
            EndSupervisor(jailId);
            throw refusal;
        }

        ends.TryRemove(jailId, out _);
        Leave(jailId);
        return Task.CompletedTask;
    }

    public IJailConsole Attach(string jailId) => throw new JailNotRunningException(jailId);

    public IReadOnlyList<string> List() => [.. running.Keys];

    public void ReopenLog(string jailId) => Calls.Enqueue("reopen log");

    public JailEnd? EndOf(string jailId) => ends.TryGetValue(jailId, out var end) ? end : running.ContainsKey(jailId) ? null : new JailEnd(null, OutOfMemory: false);

    public Task<ExitStatus> ExecAsync(string jailId, JailProcess process, ProcessOutput output, CancellationToken cancellationToken) =>
        running.ContainsKey(jailId) ? Task.FromResult(new ExitStatus(4)) : throw new JailNotRunningException(jailId);

    public Task ExecDetachedAsync(string jailId, JailProcess process, CancellationToken cancellationToken)
    {
        Calls.Enqueue("exec " + string.Join(' ', process.Argv));
        return running.ContainsKey(jailId) ? Task.CompletedTask : throw new JailNotRunningException(jailId);
    }

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

    public Task<JailUsage?> MeasureAsync(string jailId, CancellationToken cancellationToken) => Task.FromResult(running.ContainsKey(jailId) ? new JailUsage() : null);

    public Task<ImmutableArray<JailProcessStatus>> ListProcessesAsync(string jailId, CancellationToken cancellationToken) => throw new JailNotRunningException(jailId);

    public Task LimitAsync(string jailId, JailLimits before, JailLimits after, CancellationToken cancellationToken)
    {
        Calls.Enqueue($"limit {before.MemoryBytes} {after.MemoryBytes}");
        return Refusal is { } refusal ? Task.FromException(refusal) : running.ContainsKey(jailId) ? Task.CompletedTask : throw new JailNotRunningException(jailId);
    }

    public Task RemoveAsync(string jailId, CancellationToken cancellationToken)
    {
        Calls.Enqueue("remove");
        End(jailId, new ExitStatus(0, Signals.Kill));
        return Task.CompletedTask;
    }

    [LibraryImport("libc")]
    private static partial int dup(int file);
}
