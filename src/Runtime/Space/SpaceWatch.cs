using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Space;

/// <summary>One step that is held to the bound of its store.</summary>
public sealed class SpaceWatch : IDisposable
{
    private readonly SpaceGuard guard;
    private readonly CancellationTokenSource stopping;
    private volatile string? jail;
    private bool isPaused;

    internal SpaceWatch(SpaceGuard guard, CancellationToken cancellationToken)
    {
        this.guard = guard;
        stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    }

    /// <summary>Cancelled when the step has to stop.</summary>
    public CancellationToken Token => stopping.Token;

    /// <summary>Why it had to stop; null while it need not.</summary>
    public Exception? Refusal { get; private set; }

    /// <summary>Makes room before something begins or is kept.</summary>
    /// <exception cref="StoreLimitException">There is none to be had.</exception>
    public Task AdmitAsync(CancellationToken cancellationToken) => guard.AdmitAsync(cancellationToken);

    /// <summary>Says which jail writes, so that it can wait while room is made.</summary>
    public void Enter(SnapshotId tree) => jail = tree.ToString();

    public void Dispose()
    {
        guard.End(this);
        stopping.Dispose();
    }

    internal async Task PauseAsync(IJailDriver jails) => isPaused = jail is { } id && await jails.HoldAsync(id, CancellationToken.None);

    internal Task ResumeAsync(IJailDriver jails) => isPaused && Refusal is null && jail is { } id ? jails.ReleaseAsync(id, CancellationToken.None) : Task.CompletedTask;

    internal void Refuse(Exception reason)
    {
        Refusal = reason;
        try
        {
            stopping.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }
}
