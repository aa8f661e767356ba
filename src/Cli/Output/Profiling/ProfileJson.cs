using System.Text.Json;
using Kleene.Build.Builder.Profiling;

namespace Kleene.Build.Cli.Output.Profiling;

/// <summary>What the page of a profile shows, as JSON. Times are milliseconds from the start of the command.</summary>
internal static class ProfileJson
{
    /// <summary>Of the whole: what is shorter than this part of it cannot be seen.</summary>
    private const double Visible = 1.0 / 20_000;

    /// <summary>Escapes all that could mean something to HTML: the writer's own rule.</summary>
    public static void Write(Utf8JsonWriter json, ProfiledBuild build)
    {
        var (profile, spans, total) = (build.Profile, build.Spans, build.Total);
        json.WriteStartObject();
        json.WriteString("title", build.Title);
        json.WriteString("kleenefile", profile.Kleenefile);
        json.WriteString("started", Times.Text(build.Started));
        json.WriteString("version", CommandLineApplication.Version);
        json.WriteString("failure", build.Failure);
        json.WriteNumber("total_ms", total.TotalMilliseconds);
        json.WriteNumber("critical_ms", profile.CriticalTime.TotalMilliseconds);
        json.WriteStartArray("stages");
        foreach (var stage in profile.Stages)
        {
            json.WriteStartObject();
            json.WriteNumber("index", stage.Index);
            json.WriteString("name", stage.Name);
            json.WriteString("base", stage.Base);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("steps");
        foreach (var step in profile.Steps)
        {
            Write(json, step, spans, total * Visible);
        }

        json.WriteEndArray();
        Write(json, spans.Beside(), total * Visible);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ProfiledStep step, SpanTree spans, TimeSpan visible)
    {
        json.WriteStartObject();
        json.WriteNumber("step", step.Number);
        json.WriteNumber("stage", step.Stage);
        json.WriteString("place", step.Place);
        json.WriteString("text", step.Text);
        json.WriteString("state", step.State.ToString().ToLowerInvariant());
        if (step.Start is { } start)
        {
            json.WriteNumber("start_ms", start.TotalMilliseconds);
            json.WriteNumber("duration_ms", step.Duration.TotalMilliseconds);
        }

        if (step.Slack is { } slack)
        {
            json.WriteNumber("slack_ms", slack.TotalMilliseconds);
            json.WriteBoolean("critical", step.IsCritical);
        }

        json.WriteStartArray("after");
        foreach (var before in step.After)
        {
            json.WriteNumberValue(before);
        }

        json.WriteEndArray();
        json.WriteStartObject("statistics");
        StatisticsJson.Write(json, step.Statistics);
        json.WriteEndObject();
        Write(json, spans.In(step.Number), visible);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, IEnumerable<NestedSpan> spans, TimeSpan visible)
    {
        json.WriteStartArray("spans");
        foreach (var span in spans.Where(span => span.End - span.Start >= visible))
        {
            json.WriteStartObject();
            json.WriteString("name", span.Span.Name);
            if (span.Span.Detail is { } detail)
            {
                json.WriteString("detail", detail);
            }

            json.WriteNumber("start_ms", span.Start.TotalMilliseconds);
            json.WriteNumber("duration_ms", (span.End - span.Start).TotalMilliseconds);
            json.WriteNumber("depth", span.Depth);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
