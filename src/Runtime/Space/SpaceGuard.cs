namespace Kleene.Build.Runtime.Space;

/// <summary>
/// Keeps a store within its bound while a build's steps run. What the file system has lost of its free space since the store was added up is, at
/// worst, all the store's: only when that would be too much is it added up again. The room's README tells what follows.
/// </summary>
public sealed class SpaceGuard : IAsyncDisposable
{
    /// <summary>Faster than this nobody writes: it tells how long one may look away.</summary>
    private const double FastestWriter = 4e9;

    private static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(250);

    /// <summary>How long it takes to pause a step, as long as none has been, and until somebody looks again. In that time the bound must not be crossed.</summary>
    private static readonly TimeSpan UsualPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(10);

    /// <summary>Others may have freed what a step of ours has taken since: so now and then it is added up anyway, for a fiftieth of the time at most.</summary>
    private static readonly TimeSpan LongestTrust = TimeSpan.FromSeconds(5);
    private const int TrustForCost = 50;

    /// <summary>Where asking is all there is to it.</summary>
    private static readonly TimeSpan QuickTrust = TimeSpan.FromSeconds(1);

    private readonly StoreSpace space;
    private readonly long maximum;
    private readonly Action<Eviction> tell;
    private readonly SemaphoreSlim turn = new(1);
    private readonly CancellationTokenSource ending = new();
    private readonly Lock gate = new();
    private readonly List<SpaceWatch> watches = [];
    private Task? watching;
    private volatile Account? account;

    internal SpaceGuard(StoreSpace space, long maximum, Action<Eviction> tell)
    {
        this.space = space;
        this.maximum = maximum;
        this.tell = tell;
    }

    /// <summary>Watches over a step until the watch is disposed of.</summary>
    public SpaceWatch Watch(CancellationToken cancellationToken)
    {
        var watch = new SpaceWatch(this, cancellationToken);
        lock (gate)
        {
            watches.Add(watch);
            watching ??= Task.Run(LookAsync, CancellationToken.None);
        }

        return watch;
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await (watching ?? Task.CompletedTask);
        ending.Dispose();
        turn.Dispose();
    }

    /// <summary>Makes room, should there be none.</summary>
    /// <exception cref="StoreLimitException">There is none to be had.</exception>
    internal Task AdmitAsync(CancellationToken cancellationToken) => InTurnAsync(
        async () =>
        {
            var taken = Estimate();
            if (account is null || space.CountsItself || taken >= maximum)
            {
                taken = (await AddUpAsync(cancellationToken)).Taken;
            }

            if (taken >= maximum && !await TryEvictAsync(taken, cancellationToken))
            {
                throw new StoreLimitException(taken, maximum);
            }
        },
        cancellationToken);

    internal void End(SpaceWatch watch)
    {
        lock (gate)
        {
            watches.Remove(watch);
        }
    }

    /// <summary>At most what the store takes now.</summary>
    private long Estimate() => account is { } known ? known.Taken + Math.Max(0, known.Free - space.Free()) : 0;

    /// <summary>One at a time adds up and evicts.</summary>
    private async Task InTurnAsync(Func<Task> act, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            await act();
        }
        finally
        {
            turn.Release();
        }
    }

    private List<SpaceWatch> Watches()
    {
        lock (gate)
        {
            return [.. watches];
        }
    }

    private async Task LookAsync()
    {
        try
        {
            await LookOnAsync();
        }
        catch (OperationCanceledException)
        {
            // The build is over.
        }
        catch (Exception exception) when (exception is KleeneException or IOException or UnauthorizedAccessException)
        {
            // What cannot be counted cannot be bounded either: the steps end with the reason.
            Watches().ForEach(watch => watch.Refuse(exception));
        }
    }

    private async Task LookOnAsync()
    {
        var (pause, running) = (UsualPause, 0L);
        var (before, rate, looked) = (0L, 0.0, space.Clock.GetTimestamp());
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Clamp((maximum - before) / FastestWriter, ShortestLook.TotalSeconds, LongestLook.TotalSeconds)), ending.Token);
            if (account is not { } known || Watches().Count == 0)
            {
                (before, rate, looked) = (Estimate(), 0, space.Clock.GetTimestamp());
                continue;
            }

            var (now, time) = (Estimate(), space.Clock.GetTimestamp());
            rate = Math.Max((now - before) / space.Clock.GetElapsedTime(looked, time).TotalSeconds, rate / 2);
            if (now + (rate * pause.TotalSeconds * 2) >= maximum)
            {
                pause = await HoldAsync(known, running);
                (now, time) = (Estimate(), space.Clock.GetTimestamp());
                running = time;
            }
            else if (space.Clock.GetElapsedTime(known.Time) > known.Trust)
            {
                await InTurnAsync(() => AddUpAsync(ending.Token), ending.Token);
                (now, time) = (Estimate(), space.Clock.GetTimestamp());
            }

            (before, looked) = (now, time);
        }
    }

    /// <summary>
    /// Has all steps wait while the store is added up and room is made, also for what they would write until they can wait again. They are stopped
    /// when the bound is reached and nothing is left to evict, and not before: a step may be at its end.
    /// </summary>
    /// <param name="counted">How the store was added up last.</param>
    /// <param name="running">Since when the steps have been running, or have been again.</param>
    /// <returns>How long it takes to have a step wait.</returns>
    private async Task<TimeSpan> HoldAsync(Account counted, long running)
    {
        var pause = UsualPause;
        await InTurnAsync(
            async () =>
            {
                var (steps, begun) = (Watches(), space.Clock.GetTimestamp());
                await Task.WhenAll(steps.Select(watch => watch.PauseAsync(space.Jails)));
                try
                {
                    pause = TimeSpan.FromTicks(Math.Clamp(space.Clock.GetElapsedTime(begun).Ticks, ShortestPause.Ticks, UsualPause.Ticks));
                    var passed = space.Clock.GetElapsedTime(Math.Max(running, counted.Time));
                    var now = await AddUpAsync(ending.Token);

                    // Not by what the file system has lost, which may be others'.
                    var next = Math.Max(0, now.Taken - counted.Taken) * ((pause + ShortestLook) / passed);
                    if (now.Taken + next >= maximum && !await TryEvictAsync(now.Taken, ending.Token) && now.Taken >= maximum)
                    {
                        // Those that wait are killed where they are.
                        steps.ForEach(watch => watch.Refuse(new StoreLimitException(now.Taken, maximum)));
                    }
                }
                finally
                {
                    await Task.WhenAll(steps.Select(watch => watch.ResumeAsync(space.Jails)));
                }
            },
            ending.Token);
        return pause;
    }

    /// <param name="taken">What the store takes, as it was added up.</param>
    /// <returns>Whether something was evicted, and the store is within its bound.</returns>
    private async Task<bool> TryEvictAsync(long taken, CancellationToken cancellationToken)
    {
        if (await space.EvictAsync(taken, maximum, cancellationToken) is not { } evicted)
        {
            return false;
        }

        tell(evicted);
        return (await AddUpAsync(cancellationToken)).Taken < maximum;
    }

    private async Task<Account> AddUpAsync(CancellationToken cancellationToken)
    {
        // Before: what is written meanwhile counts twice, and not never.
        var (free, begun) = (space.Free(), space.Clock.GetTimestamp());
        var taken = await space.MeasureAsync(cancellationToken);
        var cost = space.Clock.GetElapsedTime(begun);
        return account = new Account(taken, free, begun, TimeSpan.FromTicks(Math.Max((space.CountsItself ? QuickTrust : LongestTrust).Ticks, cost.Ticks * TrustForCost)));
    }

    /// <summary>The store as it was added up last.</summary>
    /// <param name="Free">The bytes that were free on its file system then.</param>
    /// <param name="Trust">How long that is believed.</param>
    private sealed record Account(long Taken, long Free, long Time, TimeSpan Trust);
}
