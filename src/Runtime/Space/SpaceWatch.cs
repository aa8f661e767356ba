using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;
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

    internal async Task PauseAsync(IJailDriver jails)
    {
        try
        {
            isPaused = jail is { } id && await jails.PauseAsync(id, CancellationToken.None);
        }
        catch (Exception exception) when (exception is JailNotRunningException or ProcessFailedException)
        {
            // It has not begun, or has ended: either way nobody writes.
            isPaused = false;
        }
    }

    internal async Task ResumeAsync(IJailDriver jails)
    {
        if (!isPaused || Refusal is not null)
        {
            return;
        }

        try
        {
            await jails.ResumeAsync(jail!, CancellationToken.None); // One that is paused has a name.
        }
        catch (JailNotRunningException)
        {
            // It was killed meanwhile.
        }
    }

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
