namespace Kleene.Build.Runtime.Tracing;

/// <summary>Something that a command did, from when to when. Times count from the start of the command's process.</summary>
public sealed class TimedSpan
{
    internal TimedSpan(string name, string? detail, int number, TimedSpan? parent, TimeSpan start)
    {
        Name = name;
        Detail = detail;
        Number = number;
        Parent = parent;
        Start = start;
    }

    public string Name { get; }

    public string? Detail { get; }

    /// <summary>Of a step of a build; 0 for all else.</summary>
    public int Number { get; }

    /// <summary>What it is a part of; null for the whole.</summary>
    public TimedSpan? Parent { get; }

    public TimeSpan Start { get; }

    /// <summary>Null as long as it goes on.</summary>
    public TimeSpan? End { get; internal set; }

    /// <summary>Of a program that has ended: the code that a shell would give.</summary>
    public int? ExitCode { get; internal set; }

    /// <summary>Of one that goes on: nothing yet.</summary>
    public TimeSpan Duration => (End ?? Start) - Start;
}

/// <summary>Ends a span when it is disposed of. The default is that of nobody who traces, and does nothing.</summary>
public readonly struct OpenSpan : IDisposable
{
    private readonly Timeline? timeline;
    private readonly TimedSpan? span;

    internal OpenSpan(Timeline timeline, TimedSpan span) => (this.timeline, this.span) = (timeline, span);

    public void Dispose()
    {
        if (span is not null)
        {
            timeline?.End(span);
        }
    }
}
