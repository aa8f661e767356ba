using System.Text.Json;
using Kleene.Build.Builder.Profiling;

namespace Kleene.Build.Cli.Output.Profiling;

/// <summary>Writes a profile as speedscope reads it (https://www.speedscope.app/file-format-schema.json): one of events for each stage in which something ran.</summary>
internal static class SpeedscopeProfile
{
    public static void Write(Stream stream, ProfiledBuild build)
    {
        var frames = new FrameTable();
        var spans = build.Spans;
        var stages = build.Profile.Stages
            .Select(stage => (stage.Name, Events: Events(build.Profile.Steps.Where(step => step.Stage == stage.Index), spans, frames)))
            .Append(("kleene", Events(spans.Beside(), frames)))
            .Where(stage => stage.Item2.Count > 0)
            .ToList();
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteString("$schema", "https://www.speedscope.app/file-format-schema.json");
        json.WriteString("name", build.Title);
        json.WriteString("exporter", $"kleene {CommandLineApplication.Version}");
        json.WriteNumber("activeProfileIndex", 0);
        json.WriteStartObject("shared");
        frames.Write(json);
        json.WriteEndObject();
        json.WriteStartArray("profiles");
        foreach (var (name, events) in stages)
        {
            Write(json, name, events, build.Total);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, List<Event> events, TimeSpan end)
    {
        json.WriteStartObject();
        json.WriteString("type", "evented");
        json.WriteString("name", name);
        json.WriteString("unit", "milliseconds");
        json.WriteNumber("startValue", 0);
        json.WriteNumber("endValue", end.TotalMilliseconds);
        json.WriteStartArray("events");
        foreach (var (opens, frame, at) in events)
        {
            json.WriteStartObject();
            json.WriteString("type", opens ? "O" : "C");
            json.WriteNumber("frame", frame);
            json.WriteNumber("at", at.TotalMilliseconds);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static List<Event> Events(IEnumerable<ProfiledStep> steps, SpanTree spans, FrameTable frames)
    {
        var events = new List<Event>();
        foreach (var step in steps.Where(step => step.Start is not null).OrderBy(step => step.Start))
        {
            var frame = frames.Of(step.Text, step.Place);
            events.Add(new Event(true, frame, step.Start ?? TimeSpan.Zero));
            events.AddRange(Events(spans.In(step.Number), frames));
            events.Add(new Event(false, frame, (step.Start ?? TimeSpan.Zero) + step.Duration));
        }

        return events;
    }

    /// <summary>What was opened last is closed first.</summary>
    private static List<Event> Events(IEnumerable<NestedSpan> spans, FrameTable frames)
    {
        var events = new List<Event>();
        var open = new Stack<(int Frame, NestedSpan Span)>();
        foreach (var span in spans)
        {
            CloseTo(span.Depth);
            var frame = frames.Of(span.Span.Name, place: null);
            events.Add(new Event(true, frame, span.Start));
            open.Push((frame, span));
        }

        CloseTo(0);
        return events;

        void CloseTo(int depth)
        {
            while (open.TryPeek(out var last) && last.Span.Depth >= depth)
            {
                open.Pop();
                events.Add(new Event(false, last.Frame, last.Span.End));
            }
        }
    }

    private readonly record struct Event(bool Opens, int Frame, TimeSpan At);

    private sealed class FrameTable
    {
        private readonly Dictionary<(string Name, string? Place), int> numbers = [];
        private readonly List<(string Name, string? Place)> frames = [];

        public int Of(string name, string? place)
        {
            if (!numbers.TryGetValue((name, place), out var number))
            {
                number = frames.Count;
                numbers.Add((name, place), number);
                frames.Add((name, place));
            }

            return number;
        }

        public void Write(Utf8JsonWriter json)
        {
            json.WriteStartArray("frames");
            foreach (var (name, place) in frames)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                if (place?.LastIndexOf(':') is > 0 and var colon && int.TryParse(place.AsSpan(colon + 1), out var line))
                {
                    json.WriteString("file", place[..colon]);
                    json.WriteNumber("line", line);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
    }
}
