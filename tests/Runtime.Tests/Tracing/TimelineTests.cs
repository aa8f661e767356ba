using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Runtime.Tests.Tracing;

public sealed class TimelineTests
{
    private readonly SteppedTime clock = new() { Milliseconds = 1000 };

    [Fact]
    public async Task A_span_is_part_of_the_one_that_was_open_where_it_began_across_awaits()
    {
        var timeline = new Timeline("all", clock, TimeSpan.Zero);

        using (timeline.Begin("outer"))
        {
            await InnerAsync(timeline, "first");
            await InnerAsync(timeline, "second");
        }

        using (timeline.Begin("after"))
        {
        }

        Assert.Equal(["all", "outer < all", "first < outer", "second < outer", "after < all"], Lines(timeline));
    }

    [Fact]
    public async Task Work_that_goes_on_at_once_does_not_get_among_each_other()
    {
        var timeline = new Timeline("all", clock, TimeSpan.Zero);
        var bothBegan = new TaskCompletionSource();
        var begun = 0;

        await Task.WhenAll(StageAsync("a"), StageAsync("b"));

        Assert.Equal(["a < all", "all", "b < all", "inside a < a", "inside b < b"], Lines(timeline).Order(StringComparer.Ordinal));

        async Task StageAsync(string name)
        {
            using var stage = timeline.Begin(name);
            if (++begun == 2)
            {
                bothBegan.SetResult();
            }

            await bothBegan.Task;
            await InnerAsync(timeline, $"inside {name}");
        }
    }

    [Fact]
    public void Times_count_from_the_start_of_the_process()
    {
        var timeline = new Timeline("all", clock, TimeSpan.FromMilliseconds(30));
        clock.Milliseconds += 5;
        using (timeline.Begin("work"))
        {
            clock.Milliseconds += 7;
        }

        clock.Milliseconds += 1;
        timeline.End();

        var work = timeline.Spans[1];
        Assert.Equal((35, 7), (work.Start.TotalMilliseconds, work.Duration.TotalMilliseconds));
        Assert.Equal(43, timeline.Whole.Duration.TotalMilliseconds);
    }

    [Fact]
    public void What_is_still_open_at_the_end_ends_with_it()
    {
        var timeline = new Timeline("all", clock, TimeSpan.Zero);
        timeline.Begin("endless");
        clock.Milliseconds += 9;

        timeline.End();

        Assert.Equal(TimeSpan.FromMilliseconds(9), timeline.Spans[1].End);
    }

    [Fact]
    public async Task A_program_goes_on_beside_its_caller_and_ends_from_another_thread()
    {
        var timeline = new Timeline("all", clock, TimeSpan.Zero);
        using (timeline.Begin("caller"))
        {
            var program = TracedProgram.Begin(timeline, CommandLine.Of("/usr/bin/tool", "--flag", "two words"));
            await InnerAsync(timeline, "meanwhile");
            await Task.Run(() => program.End(new ExitStatus(3)));
        }

        Assert.Equal(["all", "caller < all", "tool < caller", "meanwhile < caller"], Lines(timeline));
        Assert.Equal(("/usr/bin/tool --flag 'two words'", 3), (timeline.Spans[2].Detail, timeline.Spans[2].ExitCode));
    }

    [Fact]
    public void A_program_that_has_a_name_is_called_by_it_and_a_long_command_line_is_cut()
    {
        var timeline = new Timeline("all", clock, TimeSpan.Zero);

        TracedProgram.Begin(timeline, CommandLine.Of("/proc/7/fd/8", new string('x', 5000)) with { Name = "crun" });

        Assert.Equal("crun", timeline.Spans[1].Name);
        Assert.Equal(1001, timeline.Spans[1].Detail?.Length);
    }

    [Fact]
    public void When_nobody_asks_a_span_costs_no_memory()
    {
        Assert.Null(Tracer.Current);
        Begin();
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 1000; i++)
        {
            Begin();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        static void Begin()
        {
            using var traced = Tracer.Begin("work", "detail", 3);
        }
    }

    private static async Task InnerAsync(Timeline timeline, string name)
    {
        using var inner = timeline.Begin(name);
        await Task.Yield();
    }

    private static IEnumerable<string> Lines(Timeline timeline) =>
        timeline.Spans.Select(span => span.Parent is { } parent ? $"{span.Name} < {parent.Name}" : span.Name);
}
