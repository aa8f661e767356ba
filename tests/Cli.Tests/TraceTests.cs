using System.Text.Json;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>Where the time of a command went, as it tells with <c>--trace</c>.</summary>
public sealed class TraceTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_build_tells_where_its_time_went_down_to_each_program()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("""
            FROM busybox AS one
            RUN echo 1 > /1
            FROM busybox
            COPY --from=one /1 /1
            COPY Kleenefile /
            RUN --network=none echo 2 > /2; exit 0

            """);

        await space.BuildAsync(context, "app", "--trace", space["trace.json"]);

        var events = Read("trace.json", out var other);
        AssertNested(events);
        Assert.Equal("kleene build", other.GetProperty("command").GetString());
        Assert.Superset(
            new HashSet<string>
            {
                "start of the process", "arguments", "open the store", "open the database", "sql", "read the Kleenefile", "compile", "keys", "find and hash files",
                "steps", "stage", "step", "network", "clone", "jail", "prepare", "copy files", "freeze", "publish", "transaction", "record", "image", "take networks down", "close the store",
            },
            events.Select(e => e.Name).ToHashSet());
        Assert.Equal([1, 2, 3, 4], events.Where(e => e.Name == "step").Select(e => e.Step).Order());
        var programs = events.Where(e => e.Name is "launch").ToList();
        Assert.Equal([0, 0], programs.Select(program => program.ExitCode));
        Assert.All(programs, program => Assert.Contains(events, jail => jail.Name == "jail" && jail.Lane == program.Lane && jail.Holds(program)));
    }

    [Fact]
    public async Task The_parts_of_a_command_leave_nothing_of_it_out_and_what_they_do_not_tell_is_told()
    {
        await space.SucceedAsync("ps", "-q");

        await space.SucceedAsync("--trace", space["trace.json"], "ps");

        var events = Read("trace.json", out var other);
        AssertNested(events);
        var whole = events[0];
        Assert.Equal("kleene ps", whole.Name);
        var parts = events.Where(e => e.Name is "start of the process" or "arguments" or "command").ToList();
        Assert.Equal(3, parts.Count);
        Assert.InRange(parts.Sum(part => part.Duration), whole.Duration * 0.95, whole.Duration);
        Assert.Equal(whole.Duration, other.GetProperty("total_ms").GetDouble() * 1000, 0.001);
        Assert.Equal(Untold(events, whole), other.GetProperty("untold_ms").GetDouble() * 1000, 1.0);
    }

    [Fact]
    public async Task The_shortest_answer_can_be_traced_too()
    {
        var untraced = await space.RunAsync(space.Command() with { Arguments = ["--version"] });
        var traced = await space.RunAsync(space.Command() with { Arguments = ["--trace", space["trace.json"], "--version"] });

        Assert.Equal((untraced.Output, 0), (traced.Output, traced.Exit.Code));
        Assert.Equal("kleene --version", Read("trace.json", out _)[0].Name);
    }

    [Fact]
    public async Task A_command_that_fails_is_traced_to_its_end()
    {
        await space.FailAsync(1, "--trace", space["trace.json"], "image", "inspect", "nobody");

        Assert.Equal("kleene image inspect", Read("trace.json", out _)[0].Name);
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_is_told_before_anything_is_done()
    {
        var said = await space.FailAsync(2, "--trace", space["missing/trace.json"], "network", "create", "lab");

        Assert.Contains("of --trace cannot be written", said, StringComparison.Ordinal);
        Assert.DoesNotContain("lab", await space.SucceedAsync("network", "ls"), StringComparison.Ordinal);
    }

    private List<Event> Read(string file, out JsonElement other)
    {
        using var trace = JsonDocument.Parse(File.ReadAllText(space[file]));
        other = trace.RootElement.GetProperty("otherData").Clone();
        return [.. trace.RootElement.GetProperty("traceEvents").EnumerateArray().Select(Event.Of)];
    }

    /// <summary>On a lane, two either have nothing in common or one lies in the other: viewers draw nonsense otherwise.</summary>
    private static void AssertNested(List<Event> events)
    {
        foreach (var lane in events.GroupBy(e => e.Lane))
        {
            var open = new Stack<Event>();
            foreach (var e in lane.OrderBy(e => e.Start).ThenByDescending(e => e.Duration))
            {
                while (open.TryPeek(out var last) && last.End <= e.Start)
                {
                    open.Pop();
                }

                Assert.True(!open.TryPeek(out var holder) || holder.Holds(e), $"{e} lies across {(open.Count > 0 ? open.Peek() : null)}");
                open.Push(e);
            }
        }
    }

    private static double Untold(List<Event> events, Event whole)
    {
        var (untold, told) = (0.0, 0.0);
        foreach (var e in events.Where(e => e != whole && e.Name != "command").OrderBy(e => e.Start))
        {
            untold += Math.Max(0, e.Start - told);
            told = Math.Max(told, e.End);
        }

        return untold + whole.End - told;
    }

    /// <param name="Start">Microseconds, as all times.</param>
    private sealed record Event(string Name, double Start, double Duration, int Lane, int Step, string What, int? ExitCode)
    {
        /// <summary>The sum of two numbers of the file is rounded.</summary>
        private const double Rounding = 0.01;

        public double End => Start + Duration;

        public bool Holds(Event other) => Start <= other.Start && other.End <= End + Rounding;

        public static Event Of(JsonElement json)
        {
            Assert.Equal("X", json.GetProperty("ph").GetString());
            var args = json.TryGetProperty("args", out var given) ? given : default;
            return new Event(
                json.GetProperty("name").GetString()!,
                json.GetProperty("ts").GetDouble(),
                json.GetProperty("dur").GetDouble(),
                json.GetProperty("tid").GetInt32(),
                args.ValueKind == JsonValueKind.Object && args.TryGetProperty("step", out var step) ? step.GetInt32() : 0,
                args.ValueKind == JsonValueKind.Object && args.TryGetProperty("what", out var what) ? what.GetString()! : "",
                args.ValueKind == JsonValueKind.Object && args.TryGetProperty("exit_code", out var code) ? code.GetInt32() : null);
        }
    }
}
