using System.Text.Json;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Runtime.Tests.Tracing;

public sealed class ChromeTraceTests
{
    private readonly SteppedTime clock = new();

    [Fact]
    public void A_timeline_becomes_complete_events_in_microseconds()
    {
        var timeline = new Timeline("kleene build", clock, TimeSpan.Zero);
        using (timeline.Begin(Timeline.Command))
        {
            clock.Milliseconds = 2;
            using (timeline.Begin("step", "RUN echo \"</script>\"", 3))
            {
                clock.Milliseconds = 10;
            }
        }

        clock.Milliseconds = 11;

        using var trace = Written(timeline);

        var step = Event(trace, "step");
        Assert.Equal("X", step.GetProperty("ph").GetString());
        Assert.Equal((2000, 8000), (step.GetProperty("ts").GetDouble(), step.GetProperty("dur").GetDouble()));
        Assert.Equal(3, step.GetProperty("args").GetProperty("step").GetInt32());
        Assert.Equal("RUN echo \"</script>\"", step.GetProperty("args").GetProperty("what").GetString());
        var other = trace.RootElement.GetProperty("otherData");
        Assert.Equal(11, other.GetProperty("total_ms").GetDouble());

        // Two before the step in the command, and one after all.
        Assert.Equal(3, other.GetProperty("untold_ms").GetDouble());
    }

    [Fact]
    public void What_goes_on_at_once_lies_on_lanes_of_its_own()
    {
        var timeline = new Timeline("all", clock, TimeSpan.Zero);
        var first = timeline.Open("first", null);
        clock.Milliseconds = 1;
        var second = timeline.Open("second", null);
        clock.Milliseconds = 2;
        timeline.EndAside(first, 0);
        clock.Milliseconds = 3;
        timeline.EndAside(second, 7);
        var third = timeline.Open("third", null);
        clock.Milliseconds = 4;
        timeline.EndAside(third, 0);

        using var trace = Written(timeline);

        Assert.Equal([0, 0, 1, 0], new[] { "all", "first", "second", "third" }.Select(name => Event(trace, name).GetProperty("tid").GetInt32()));
        Assert.Equal(7, Event(trace, "second").GetProperty("args").GetProperty("exit_code").GetInt32());
    }

    [Fact]
    public async Task Parts_of_something_on_a_lane_of_its_own_are_there_too()
    {
        var timeline = new Timeline("all", clock, TimeSpan.Zero);
        var aside = timeline.Open("aside", null);
        await Task.Run(() =>
        {
            using var stage = timeline.Begin("stage");
            clock.Milliseconds = 1;
            using (timeline.Begin("step"))
            {
                clock.Milliseconds = 2;
            }
        });
        clock.Milliseconds = 3;
        timeline.EndAside(aside, 0);

        using var trace = Written(timeline);

        var lanes = new[] { "aside", "stage", "step" }.Select(name => Event(trace, name).GetProperty("tid").GetInt32()).ToArray();
        Assert.NotEqual(lanes[0], lanes[1]);
        Assert.Equal(lanes[1], lanes[2]);
    }

    private static JsonDocument Written(Timeline timeline)
    {
        timeline.End();
        using var stream = new MemoryStream();
        ChromeTrace.Write(stream, timeline);
        return JsonDocument.Parse(stream.ToArray());
    }

    private static JsonElement Event(JsonDocument trace, string name) =>
        trace.RootElement.GetProperty("traceEvents").EnumerateArray().Single(e => e.GetProperty("name").GetString() == name);
}
