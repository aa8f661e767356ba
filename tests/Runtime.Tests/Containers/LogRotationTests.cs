using System.Globalization;
using System.Text;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Containers;

public sealed class LogRotationTests : IDisposable
{
    private static readonly LogBound Roomy = new(1_000_000, 1);

    private readonly ScratchDirectory scratch = new();
    private readonly LogRotation rotation;

    public LogRotationTests() => rotation = new LogRotation(scratch["log"]);

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData(1, "new\n")]
    [InlineData(2, "third\nnew\n")]
    [InlineData(3, "second\nthird\nnew\n")]
    [InlineData(100, "first\nsecond\nthird\nnew\n")]
    public async Task A_full_file_is_put_away_and_the_oldest_goes(int files, string expected)
    {
        foreach (var line in (string[])["first", "second", "third"])
        {
            Write("log", $"stdout F {line}");
            Assert.True(rotation.Rotate(new LogBound(10, files)));
        }

        Write("log", "stdout F new");
        Assert.False(rotation.Rotate(Roomy with { Files = files }));

        Assert.Equal(expected, await ReadAsync());
        Assert.Equal(Math.Min(files, 4), Directory.GetFiles(scratch.Path, "log*").Length);
    }

    [Fact]
    public void One_that_is_small_or_not_there_stays()
    {
        Assert.False(rotation.Rotate(new LogBound(1000, 2)));

        Write("log", "stdout F small");

        Assert.False(rotation.Rotate(new LogBound(1000, 2)));
        Assert.True(File.Exists(scratch["log"]));
    }

    [Fact]
    public void A_supervisor_who_was_not_told_is_told_the_next_time()
    {
        Write("log", "stdout F large");
        Assert.True(rotation.Rotate(new LogBound(1, 1)));

        Assert.True(rotation.Rotate(new LogBound(1, 1)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_line_goes_with_its_beginning(int files)
    {
        Write("log", "stdout F one", "stdout P two", "stderr P bad", "stdout P  goes");
        rotation.Rotate(new LogBound(1, 1));
        Write("log", "stdout P  on", "stderr F  end", "stderr F good", "stdout F  and ends", "stdout F three");
        if (files == 2)
        {
            File.Move(scratch["log.1"], scratch["log.2"]);
            File.Move(scratch["log"], scratch["log.1"]);
            Write("log", "stdout F four");
        }

        rotation.Rotate(Roomy with { Files = files });

        Assert.False(File.Exists(scratch[$"log.{files}"]));
        Assert.Equal("stderr: good\nthree\n" + (files == 2 ? "four\n" : ""), await ReadAsync());
        Assert.Equal("stderr: good\nthree\n" + (files == 2 ? "four\n" : ""), await ReadAsync(tail: 100));
    }

    [Fact]
    public async Task A_beginning_stays_until_the_line_has_ended()
    {
        Write("log", "stdout P one");
        rotation.Rotate(new LogBound(1, 1));
        Write("log", "stdout P  goes");

        rotation.Rotate(Roomy);
        Assert.Equal("one goes", await ReadAsync());

        Write("log", "stdout F  on", "stdout F two");
        rotation.Rotate(Roomy);
        Assert.Equal("two\n", await ReadAsync());
    }

    [Fact]
    public async Task What_was_begun_by_one_who_was_killed_is_done_again_and_takes_no_more_than_that()
    {
        Write("log", "stdout P one");
        rotation.Rotate(new LogBound(1, 1));
        Write("log", "stdout F  ends", "stdout F two");
        File.Copy(scratch["log.1"], scratch["saved"]);
        rotation.Rotate(Roomy);
        File.Move(scratch["saved"], scratch["log.1"]);

        rotation.Rotate(Roomy);

        Assert.Equal("two\n", await ReadAsync());
    }

    /// <summary>A line that fills a whole file and more: nobody can be asked to keep it.</summary>
    [Fact]
    public async Task A_line_without_end_does_not_fill_the_disk()
    {
        for (var i = 0; i < 10; i++)
        {
            Write("log", $"stdout P {i.ToString(CultureInfo.InvariantCulture)}");
            Assert.True(rotation.Rotate(new LogBound(1, 2)));
        }

        Assert.Equal(2, Directory.GetFiles(scratch.Path, "log*").Length);
        Assert.Equal("89", await ReadAsync());
    }

    private void Write(string file, params string[] lines) =>
        File.AppendAllText(scratch[file], string.Concat(lines.Select(line => $"2026-01-31T12:00:00.000000000+00:00 {line}\n")));

    private async Task<string> ReadAsync(int? tail = null)
    {
        var text = new StringBuilder();
        await foreach (var entry in new ContainerLog(scratch["log"]).ReadAsync(new LogRequest { Tail = tail }, goesOn: null, CancellationToken.None))
        {
            text.Append(entry.Stream == OutputKind.Error ? "stderr: " : "").Append(Encoding.UTF8.GetString(entry.Text.Span)).Append(entry.IsComplete ? "\n" : "");
        }

        return text.ToString();
    }
}
