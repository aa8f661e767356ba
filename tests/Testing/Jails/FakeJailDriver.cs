using System.Collections.Concurrent;
using System.Collections.Immutable;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Testing.Jails;

/// <summary>
/// Plays the commands of a build without a jail: what a command does is told by its text. A command that nobody told about
/// succeeds and changes nothing, unless <see cref="Otherwise"/> says what all of them do.
/// </summary>
public sealed class FakeJailDriver : IJailDriver
{
    private readonly ConcurrentDictionary<string, Func<JailSpec, IOutputSink, CancellationToken, Task<ExitStatus>>> acts = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<JailSpec> started = new();

    /// <summary>All jails that were started, in order.</summary>
    public IReadOnlyCollection<JailSpec> Started => started;

    /// <summary>The last words of their commands.</summary>
    public IEnumerable<string> Commands => started.Select(spec => spec.Process.Argv[^1]);

    /// <summary>What commands do that nobody told about.</summary>
    public Func<JailSpec, IOutputSink, CancellationToken, Task<ExitStatus>> Otherwise { get; set; } = (_, _, _) => Task.FromResult(new ExitStatus(0));

    /// <summary>What every command uses, when somebody measures; null: nothing that this system counts.</summary>
    public JailUsage? Usage { get; set; }

    public void On(string command, Func<JailSpec, IOutputSink, CancellationToken, Task<ExitStatus>> act) => acts[command] = act;

    public void On(string command, int exitCode, params string[] lines) => On(command, (_, output, _) =>
    {
        foreach (var line in lines)
        {
            output.WriteLine(OutputKind.Output, line);
        }

        return Task.FromResult(new ExitStatus(exitCode));
    });

    /// <summary>A command that writes a file into its tree.</summary>
    public void Writes(string command, string path, string content) => On(command, async (spec, _, cancellationToken) =>
    {
        await File.WriteAllTextAsync(Path.Join(spec.Root, path), content, cancellationToken);
        return new ExitStatus(0);
    });

    public bool NeedsSupervisorForOutOfMemory => false;

    public bool MountsForAll => false;

    public bool MapsUsers => false;

    public void Require(ImmutableArray<string> parameters)
    {
    }

    public async Task<ExitStatus> RunAsync(JailSpec spec, ProcessOutput output, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        started.Enqueue(spec);
        var sink = output is ProcessOutput.Forward forward ? forward.Sink : throw new InvalidOperationException("only builds are played");
        var exit = await acts.GetValueOrDefault(spec.Process.Argv[^1], Otherwise)(spec, sink, cancellationToken);
        if (Usage is { } usage)
        {
            spec.Measured?.Invoke(usage);
        }

        return exit;
    }

    public Task CreateAsync(JailSpec spec, JailSupervision supervision, CancellationToken cancellationToken) => throw Unsupervised();

    public Task StartAsync(string jailId, CancellationToken cancellationToken) => throw Unsupervised();

    public IJailConsole Attach(string jailId) => throw Unsupervised();

    public void ReopenLog(string jailId) => throw Unsupervised();

    public IReadOnlyList<string> List() => [];

    public JailEnd? EndOf(string jailId) => throw Unsupervised();

    public Task<ExitStatus> ExecAsync(string jailId, JailProcess process, ProcessOutput output, CancellationToken cancellationToken) =>
        throw new JailNotRunningException(jailId);

    public Task ExecDetachedAsync(string jailId, JailProcess process, CancellationToken cancellationToken) => throw new JailNotRunningException(jailId);

    public Task SignalAsync(string jailId, int signal, CancellationToken cancellationToken) => throw new JailNotRunningException(jailId);

    public Task<bool> PauseAsync(string jailId, CancellationToken cancellationToken) => throw new JailNotRunningException(jailId);

    public Task ResumeAsync(string jailId, CancellationToken cancellationToken) => throw new JailNotRunningException(jailId);

    public IReadOnlyCollection<string> MadeMountPoints(string jailId) => [];

    public Task<bool> IsRunningAsync(string jailId, CancellationToken cancellationToken) => Task.FromResult(false);

    public Task<JailUsage?> MeasureAsync(string jailId, CancellationToken cancellationToken) => Task.FromResult<JailUsage?>(null);

    public Task<ImmutableArray<JailProcessStatus>> ListProcessesAsync(string jailId, CancellationToken cancellationToken) => throw new JailNotRunningException(jailId);

    public Task LimitAsync(string jailId, JailLimits before, JailLimits after, CancellationToken cancellationToken) => throw new JailNotRunningException(jailId);

    public Task RemoveAsync(string jailId, CancellationToken cancellationToken) => Task.CompletedTask;

    private static InvalidOperationException Unsupervised() => new("builds wait for their jails; nobody else supervises them");
}
