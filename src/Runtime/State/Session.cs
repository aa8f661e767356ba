namespace Kleene.Build.Runtime.State;

/// <summary>
/// A command of ours that is making something, known to others by a locked file. The kernel gives the lock back when the process
/// ends, however it ends (flock(2)): so what a killed command left can be told from what another is still making.
/// </summary>
public sealed class Session(StateDirectory state) : IDisposable
{
    private readonly Lock gate = new();
    private string? id;
    private FileLock? held;

    /// <summary>Made at first use: a command that only reads needs no file.</summary>
    public string Id
    {
        get
        {
            lock (gate)
            {
                if (id is null)
                {
                    (id, held) = Begin();
                }

                return id;
            }
        }
    }

    /// <summary>A session for another program, which lasts as long as any process has its lock open. Its file goes with <see cref="IsOver"/>.</summary>
    public (string Id, FileLock Held) Lend() => Begin();

    /// <summary>Whether the command that made the session is gone. Its file, if any, is then removed. The empty id is nobody's.</summary>
    public bool IsOver(string other)
    {
        if (other.Length == 0)
        {
            return true;
        }

        if (other == id)
        {
            return false;
        }

        var path = PathOf(other);
        if (!File.Exists(path))
        {
            return true;
        }

        // Shared: others who ask at this moment must not be told that somebody has it.
        using var free = FileLock.TryTake(path, shared: true);
        if (free is null)
        {
            return false;
        }

        File.Delete(path);
        return true;
    }

    /// <summary>Returns when a session is over.</summary>
    public async Task WaitAsync(string other, CancellationToken cancellationToken)
    {
        if (!IsOver(other))
        {
            using var free = await FileLock.TakeAsync(PathOf(other), cancellationToken, shared: true);
            File.Delete(PathOf(other));
        }
    }

    public void Dispose()
    {
        if (held is not null && id is not null)
        {
            File.Delete(PathOf(id));
            held.Dispose();
        }
    }

    private string PathOf(string session) => Path.Join(state.Sessions, session);

    private (string Id, FileLock Held) Begin()
    {
        try
        {
            Directory.CreateDirectory(state.Sessions);
            var begun = Guid.NewGuid().ToString("N");
            return (begun, FileLock.TryTake(PathOf(begun)) ?? throw new InvalidOperationException($"session '{begun}' is taken, although it was only just named"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw state.Unusable(exception);
        }
    }
}
