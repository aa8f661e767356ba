using System.Text;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Containers;

public sealed class ContainerLogTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly ContainerLog log;

    public ContainerLogTests() => log = new ContainerLog(scratch["log"]);

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("2026-01-31T12:00:00.123456789+00:00 stdout F text", "Output", "text", true)]
    [InlineData("2026-01-31T12:00:00.123456789+00:00 stderr F text", "Error", "text", true)]
    [InlineData("2026-01-31T12:00:00.123456789+00:00 stdout P half", "Output", "half", false)]
    [InlineData("2026-01-31T12:00:00.123456789+00:00 stdout F  two  blanks ", "Output", " two  blanks ", true)]
    [InlineData("2026-01-31T12:00:00.123456789+00:00 stdout F ", "Output", "", true)]
    [InlineData("2026-01-31T12:00:00.123456789+00:00 stdout F", "Output", "", true)]
    [InlineData("2026-01-31T12:00:00Z stdout F text", "Output", "text", true)]
    public void A_line_is_a_time_a_stream_a_mark_and_the_text(string line, string stream, string text, bool complete)
    {
        var entry = LogFile.Parse(Encoding.UTF8.GetBytes(line));

        Assert.NotNull(entry);
        Assert.Equal((stream, text, complete), (entry.Stream.ToString(), Encoding.UTF8.GetString(entry.Text.Span), entry.IsComplete));
        Assert.Equal(new DateTime(2026, 1, 31, 12, 0, 0), entry.Time.UtcDateTime, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Its_time_is_kept_to_the_last_digit_that_we_have_and_with_its_zone()
    {
        var entry = LogFile.Parse("2026-01-31T14:00:00.123456789+02:00 stdout F x"u8.ToArray());

        Assert.Equal(DateTimeOffset.Parse("2026-01-31T12:00:00.1234567Z", null), entry?.Time);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("2026-01-31T12:00:00.123456789+00:00")]
    [InlineData("2026-01-31T12:00:00.123456789+00:00 std")]
    [InlineData("2026-01-31T12:00:00.123456789+00:00 stdout X text")]
    [InlineData("26-01-31T12:00:00.123456789+00:00 stdout F cut at its beginning")]
    [InlineData("not a time stdout F text")]
    public void What_a_full_disk_has_cut_is_no_line(string line) => Assert.Null(LogFile.Parse(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public async Task One_that_was_never_written_is_empty() => Assert.Equal("", await ReadAsync(new LogRequest()));

    [Fact]
    public async Task Bytes_come_out_as_they_went_in()
    {
        byte[] text = [.. Enumerable.Range(0, 256).Select(value => (byte)value).Where(value => value != '\n')];
        await File.WriteAllBytesAsync(scratch["log"], [.. "2026-01-31T12:00:00.000000000+00:00 stdout F "u8, .. text, (byte)'\n']);

        var entries = await EntriesAsync(new LogRequest());

        Assert.Equal(text, entries.Single().Text.ToArray());
    }

    [Fact]
    public async Task A_line_longer_than_any_block_is_not_clipped()
    {
        var text = new string('x', 300_000);
        Write("log", (0, 'F', "before"), (1, 'F', text), (2, 'F', "after"));

        Assert.Equal($"before\n{text}\nafter\n", await ReadAsync(new LogRequest()));
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "seven\n")]
    [InlineData(2, "five and six\nseven\n")]
    [InlineData(3, "four\nfive and six\nseven\n")]
    [InlineData(4, "three\nfour\nfive and six\nseven\n")]
    [InlineData(6, "one\ntwo\nthree\nfour\nfive and six\nseven\n")]
    [InlineData(7, "one\ntwo\nthree\nfour\nfive and six\nseven\n")]
    [InlineData(int.MaxValue, "one\ntwo\nthree\nfour\nfive and six\nseven\n")]
    public async Task The_last_lines_are_found_across_files_and_pieces(int tail, string expected)
    {
        Write("log.2", (1, 'F', "one"), (2, 'F', "two"));
        Write("log.1", (3, 'F', "three"), (4, 'F', "four"), (5, 'P', "five "));
        Write("log", (5, 'P', "and "), (6, 'F', "six"), (7, 'F', "seven"));

        Assert.Equal(expected, await ReadAsync(new LogRequest { Tail = tail }));
    }

    [Fact]
    public async Task The_last_lines_of_many_are_the_same_as_by_reading_all()
    {
        var random = new Random(4711);
        var lines = Enumerable.Range(0, 5000).Select(number => (number, 'F', $"{number} {new string('y', random.Next(200))}")).ToArray();
        Write("log", lines);
        foreach (var tail in (int[])[1, 2, 100, 999, 4999, 5000])
        {
            Assert.Equal(string.Concat(lines[^tail..].Select(line => line.Item3 + "\n")), await ReadAsync(new LogRequest { Tail = tail }));
        }
    }

    [Fact]
    public async Task Only_what_was_printed_in_a_time_is_read()
    {
        Write("log.1", (1, 'F', "one"), (2, 'F', "two"));
        Write("log", (3, 'F', "three"), (4, 'F', "four"));

        Assert.Equal("two\nthree\n", await ReadAsync(new LogRequest { Since = At(2), Until = At(3) }));
        Assert.Equal("four\n", await ReadAsync(new LogRequest { Since = At(3).AddTicks(1) }));
    }

    [Fact]
    public async Task A_line_that_is_still_being_written_waits_until_it_is_whole()
    {
        Write("log", (1, 'F', "one"));
        await File.AppendAllTextAsync(scratch["log"], "2026-01-31T12:00:02.000000000+00:00 stdout F tw");
        Assert.Equal("one\n", await ReadAsync(new LogRequest()));

        var steps = new Queue<Action>([() => File.AppendAllText(scratch["log"], "o\n")]);

        Assert.Equal("one\ntwo\n", await FollowAsync(steps));
    }

    [Fact]
    public async Task A_line_cut_by_a_full_disk_is_left_out_and_the_next_is_not()
    {
        await File.WriteAllTextAsync(scratch["log"], "2026-01-31T12:00:01.000000000+00:00 stdo\n");
        Write("log", (2, 'F', "two"));

        Assert.Equal("two\n", await ReadAsync(new LogRequest()));
        Assert.Equal("two\n", await ReadAsync(new LogRequest { Tail = 1 }));
    }

    [Fact]
    public async Task Whoever_follows_loses_nothing_when_it_is_rotated()
    {
        Write("log", (1, 'F', "one"));
        var steps = new Queue<Action>(
        [
            () => Write("log", (2, 'F', "two")),
            () => new LogRotation(scratch["log"]).Rotate(new LogBound(1, 3)),

            // The supervisor has the old file open until it hears of it.
            () => Write("log.1", (3, 'F', "three")),
            () => Write("log", (4, 'F', "four")),
            () => Write("log", (5, 'F', "five")),
        ]);

        Assert.Equal("one\ntwo\nthree\nfour\nfive\n", await FollowAsync(steps));
    }

    [Fact]
    public async Task Whoever_is_slow_to_follow_reads_what_was_put_away_meanwhile()
    {
        Write("log", (1, 'F', "one"));
        var rotation = new LogRotation(scratch["log"]);
        var steps = new Queue<Action>(
        [
            () =>
            {
                foreach (var line in (string[])["two", "three", "four"])
                {
                    rotation.Rotate(new LogBound(1, 9));
                    Write("log.1", (2, 'F', $"end before {line}"));
                    Write("log", (3, 'F', line));
                }
            },
        ]);

        Assert.Equal("one\nend before two\ntwo\nend before three\nthree\nend before four\nfour\n", await FollowAsync(steps));
    }

    [Fact]
    public async Task Whoever_follows_one_that_is_not_there_yet_sees_it_begin() =>
        Assert.Equal("one\n", await FollowAsync(new Queue<Action>([() => { }, () => Write("log", (1, 'F', "one"))])));

    private static DateTimeOffset At(int second) => new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero).AddSeconds(second);

    private void Write(string file, params (int Second, char Mark, string Text)[] lines) =>
        File.AppendAllText(scratch[file], string.Concat(lines.Select(line => $"{At(line.Second):yyyy-MM-ddTHH:mm:ss.fffffff}00+00:00 stdout {line.Mark} {line.Text}\n")));

    private Task<string> ReadAsync(LogRequest request) => TextAsync(log.ReadAsync(request, goesOn: null, CancellationToken.None));

    private Task<string> FollowAsync(Queue<Action> steps) => TextAsync(log.ReadAsync(
        new LogRequest(),
        () =>
        {
            var goesOn = steps.TryDequeue(out var step);
            step?.Invoke();
            return Task.FromResult(goesOn);
        },
        CancellationToken.None));

    private static async Task<string> TextAsync(IAsyncEnumerable<LogEntry> entries)
    {
        var text = new StringBuilder();
        await foreach (var entry in entries)
        {
            Assert.Equal(OutputKind.Output, entry.Stream);
            text.Append(Encoding.UTF8.GetString(entry.Text.Span)).Append(entry.IsComplete ? "\n" : "");
        }

        return text.ToString();
    }

    private async Task<List<LogEntry>> EntriesAsync(LogRequest request)
    {
        var entries = new List<LogEntry>();
        await foreach (var entry in log.ReadAsync(request, goesOn: null, CancellationToken.None))
        {
            entries.Add(entry);
        }

        return entries;
    }
}
