using System.Runtime.ExceptionServices;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// Runs pieces of work, which may bring further pieces, on two threads. The second is started when there is something for it to do:
/// most trees are small. The newest piece goes first, so that few are waiting at a time.
/// </summary>
/// <typeparam name="TTools">What each thread keeps for itself: buffers, a hasher.</typeparam>
internal sealed class WorkCrew<TTools>(Func<TTools> createTools, CancellationToken cancellationToken)
    where TTools : IDisposable
{
    // Monitor and not Lock: only it can wait for another thread's word.
    private readonly object gate = new();
    private readonly Stack<Action<TTools>> waiting = new();
    private ExceptionDispatchInfo? failure;
    private Thread? second;
    private bool running;
    private int unfinished;

    /// <summary>Adds a piece of work, before the start or from another piece.</summary>
    public void Add(Action<TTools> work)
    {
        lock (gate)
        {
            waiting.Push(work);
            unfinished++;
            Reinforce();
            Monitor.Pulse(gate);
        }
    }

    /// <summary>Works until nothing is left, and throws what went wrong first.</summary>
    public void Run()
    {
        lock (gate)
        {
            running = true;
            Reinforce();
        }

        Work();
        second?.Join();
        failure?.Throw();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Reinforce()
    {
        if (running && second is null && unfinished > 1 && Environment.ProcessorCount > 1)
        {
            second = new Thread(Work) { IsBackground = true, Name = "files" };
            second.Start();
        }
    }

    private void Work()
    {
        using var tools = createTools();
        while (TryTake(out var work))
        {
            try
            {
                if (failure is null && !cancellationToken.IsCancellationRequested)
                {
                    work(tools);
                }
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(exception), null);
            }
            finally
            {
                lock (gate)
                {
                    if (--unfinished == 0)
                    {
                        Monitor.PulseAll(gate);
                    }
                }
            }
        }
    }

    private bool TryTake(out Action<TTools> work)
    {
        lock (gate)
        {
            while (!waiting.TryPop(out work!))
            {
                if (unfinished == 0)
                {
                    return false;
                }

                Monitor.Wait(gate);
            }

            return true;
        }
    }
}
