using System.Text;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.State;

/// <summary>
/// Locks by which builds, in this process and in others, know that a step is running: one file for each, there while it runs. The kernel gives a
/// lock back when its process ends, however it ends, so nobody waits for the dead.
/// </summary>
public sealed class StepLocks(StateDirectory state)
{
    private readonly Lock gate = new();
    private bool isSwept;

    /// <summary>Waits until nobody else has the lock.</summary>
    /// <param name="name">What the step is known by; any text.</param>
    /// <param name="waits">Called when it has to be waited for.</param>
    public async Task<StepLock> TakeAsync(string name, Action waits, CancellationToken cancellationToken)
    {
        Sweep();
        var path = Path.Join(state.Steps, Sha256Hasher.Hash(Encoding.UTF8.GetBytes(name)).Hex);
        var isTold = false;
        while (true)
        {
            var held = FileLock.TryTake(path);
            if (held is null)
            {
                if (!isTold)
                {
                    isTold = true;
                    waits();
                }

                held = await FileLock.TakeAsync(path, cancellationToken);
            }

            // Whoever had it before has removed the file: then this is a lock on nothing.
            if (IsThere(held))
            {
                return new StepLock(held, path);
            }

            held.Dispose();
        }
    }

    /// <summary>Files of processes that were killed are nobody's; the first step of a process removes them.</summary>
    private void Sweep()
    {
        lock (gate)
        {
            if (isSwept)
            {
                return;
            }

            try
            {
                foreach (var path in Directory.CreateDirectory(state.Steps).EnumerateFiles().Select(file => file.FullName))
                {
                    if (FileLock.TryTake(path) is { } free)
                    {
                        new StepLock(free, IsThere(free) ? path : null).Dispose();
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw state.Unusable(exception);
            }

            isSwept = true;
        }
    }

    private static bool IsThere(FileLock held) => FileCalls.TryStat(held.Handle, out var status) && status.LinkCount > 0;
}

/// <summary>A lock that is had. Disposing of it lets the next one have it.</summary>
public sealed class StepLock(FileLock held, string? path) : IDisposable
{
    public void Dispose()
    {
        // While it is locked: nobody else can have made another of that name.
        if (path is not null)
        {
            File.Delete(path);
        }

        held.Dispose();
    }
}
