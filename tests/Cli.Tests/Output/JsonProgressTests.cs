using System.Text.Json;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;

namespace Kleene.Build.Cli.Tests.Output;

public sealed class JsonProgressTests
{
    private readonly Events events = new("echo \"[red]\"");

    [Fact]
    public void Every_event_is_one_line_with_the_contract_s_names()
    {
        using var writer = new StringWriter { NewLine = "\n" };
        var progress = new JsonProgress(writer, new EagerTime());
        foreach (var happened in new[] { events.Starts(1), events.Says(1, "\u001b[2J \"q\" ü\r", OutputKind.Error), events.Completes(1), events.Fails(1), events.Cached(1), Events.Fails(), Events.Completes(), Events.Evicts() })
        {
            progress.Print(happened);
        }

        var lines = writer.ToString().TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToList();

        Assert.Equal(
            [
                "time type step stage index total text line",
                "time type step stage index total text line stream data",
                "time type step stage index total text line snapshot duration_ms",
                "time type step stage index total text line exit_code message snapshot duration_ms",
                "time type step stage index total text line snapshot",
                "time type image snapshot message duration_ms",
                "time type image snapshot duration_ms",
                "time type message bytes max_bytes snapshots",
            ],
            lines.Select(line => string.Join(' ', line.EnumerateObject().Select(property => property.Name))));
        Assert.Equal("2026-01-02T03:04:05+00:00", lines[0].GetProperty("time").GetString());
        Assert.Equal("RUN echo \"[red]\"", lines[0].GetProperty("text").GetString());
        Assert.Equal(("stderr", "\u001b[2J \"q\" ü\r"), (lines[1].GetProperty("stream").GetString(), lines[1].GetProperty("data").GetString()));
        Assert.Equal(1250, lines[2].GetProperty("duration_ms").GetInt32());
        Assert.Equal(7, lines[3].GetProperty("exit_code").GetInt32());
        Assert.Equal("cache.evicted", lines[7].GetProperty("type").GetString());
        Assert.Equal(
            """[{"snapshot":"aa0000000001","text":"RUN one","bytes":1200000000,"saved_ms":2000,"last_use":"1970-01-01T00:00:00+00:00"},{"snapshot":"aa0000000002","text":null,"bytes":34000000,"saved_ms":0,"last_use":"1970-01-01T00:00:00+00:00"}]""",
            lines[7].GetProperty("snapshots").GetRawText());
        Assert.Equal(JsonValueKind.Null, lines[5].GetProperty("image").ValueKind);
    }
}
