namespace Kleene.Build.Runtime.Tracing;

/// <summary>
/// Keeps the spans of one command. A span is part of the one that was open where it began, across awaits and threads: so spans of stages that are
/// built at once do not get among each other.
/// </summary>
public sealed class Timeline
{
    /// <summary>The name of the part in which a command does what it is for. It holds others, and tells nothing by itself.</summary>
    public const string Command = "command";

    private readonly TimeProvider clock;
    private readonly long zero;
    private readonly Lock gate = new();
    private readonly List<TimedSpan> spans = [];
    private readonly AsyncLocal<TimedSpan?> open = new();

    /// <param name="name">Of the whole.</param>
    /// <param name="clock">Counts.</param>
    /// <param name="age">How long the command's process has been there already.</param>
    public Timeline(string name, TimeProvider clock, TimeSpan age)
    {
        this.clock = clock;
        zero = clock.GetTimestamp() - (long)(age.TotalSeconds * clock.TimestampFrequency);
        Whole = new TimedSpan(name, null, 0, null, TimeSpan.Zero);
        spans.Add(Whole);
    }

    /// <summary>The command from its start to its end.</summary>
    public TimedSpan Whole { get; }

    /// <summary>What there is up to now, each span after the one that it is a part of.</summary>
    public IReadOnlyList<TimedSpan> Spans
    {
        get
        {
            lock (gate)
            {
                return [.. spans];
            }
        }
    }

    public TimeSpan Now => clock.GetElapsedTime(zero);

    /// <summary>Begins a span, in which those lie that begin in the same flow before it ends.</summary>
    public OpenSpan Begin(string name, string? detail = null, int number = 0)
    {
        var span = Open(name, detail, number);
        open.Value = span;
        return new OpenSpan(this, span);
    }

    /// <summary>Adds a part of the whole that is over already.</summary>
    public void Add(string name, TimeSpan start, TimeSpan end)
    {
        lock (gate)
        {
            spans.Add(new TimedSpan(name, null, 0, Whole, start) { End = end });
        }
    }

    /// <summary>Ends the whole; what is still open ends with it.</summary>
    public void End()
    {
        var end = Now;
        lock (gate)
        {
            foreach (var span in spans)
            {
                span.End ??= end;
            }
        }
    }

    /// <summary>Begins a span that goes on beside its caller, and is ended by <see cref="EndAside"/> from whichever thread.</summary>
    internal TimedSpan Open(string name, string? detail, int number = 0)
    {
        var span = new TimedSpan(name, detail, number, open.Value ?? Whole, Now);
        lock (gate)
        {
            spans.Add(span);
        }

        return span;
    }

    internal void EndAside(TimedSpan span, int? exitCode)
    {
        var end = Now;
        lock (gate)
        {
            span.ExitCode = exitCode;
            span.End ??= end;
        }
    }

    internal void End(TimedSpan span)
    {
        EndAside(span, exitCode: null);

        // Whoever ends one elsewhere than where it was begun has nothing open there.
        if (open.Value == span)
        {
            open.Value = span.Parent;
        }
    }
}
