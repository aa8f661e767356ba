using System.Text.Json;

namespace Kleene.Build.Runtime.Tracing;

/// <summary>
/// Writes a timeline in Chrome's trace event format (the document "Trace Event Format"), which Perfetto, chrome://tracing and speedscope draw: complete events (<c>ph: X</c>),
/// times in microseconds.
/// </summary>
public static class ChromeTrace
{
    /// <param name="stream">Where to.</param>
    /// <param name="timeline">One that has ended.</param>
    public static void Write(Stream stream, Timeline timeline)
    {
        var spans = timeline.Spans;
        var lanes = Lanes.Of(spans);
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteStartArray("traceEvents");
        foreach (var span in spans)
        {
            Write(json, span, lanes[span]);
        }

        json.WriteEndArray();
        json.WriteString("displayTimeUnit", "ms");
        json.WriteStartObject("otherData");
        json.WriteString("command", timeline.Whole.Name);
        json.WriteNumber("total_ms", timeline.Whole.Duration.TotalMilliseconds);
        json.WriteNumber("untold_ms", Untold(timeline.Whole, spans).TotalMilliseconds);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The time in which nothing was going on that has a name of its own.</summary>
    internal static TimeSpan Untold(TimedSpan whole, IEnumerable<TimedSpan> spans)
    {
        var (untold, told) = (TimeSpan.Zero, whole.Start);
        foreach (var span in spans.Where(span => span != whole && !(span.Parent == whole && span.Name == Timeline.Command)).OrderBy(span => span.Start))
        {
            untold += span.Start > told ? span.Start - told : TimeSpan.Zero;
            told = span.End > told ? span.End.Value : told;
        }

        return untold + (whole.End > told ? whole.End.Value - told : TimeSpan.Zero);
    }

    private static void Write(Utf8JsonWriter json, TimedSpan span, int lane)
    {
        json.WriteStartObject();
        json.WriteString("name", span.Name);
        json.WriteString("ph", "X");
        json.WriteNumber("ts", Microseconds(span.Start));
        json.WriteNumber("dur", Microseconds(span.Duration));
        json.WriteNumber("pid", 1);
        json.WriteNumber("tid", lane);
        if (span.Detail is not null || span.Number > 0 || span.ExitCode is not null)
        {
            json.WriteStartObject("args");
            if (span.Number > 0)
            {
                json.WriteNumber("step", span.Number);
            }

            if (span.Detail is { } detail)
            {
                json.WriteString("what", detail);
            }

            if (span.ExitCode is { } code)
            {
                json.WriteNumber("exit_code", code);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static double Microseconds(TimeSpan time) => time.TotalMicroseconds;
}
