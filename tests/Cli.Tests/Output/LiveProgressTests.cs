using System.Text;
using Kleene.Build.Builder.Events;
using Kleene.Build.Cli.Output;

namespace Kleene.Build.Cli.Tests.Output;

public sealed class LiveProgressTests
{
    private const string Hostile = "\u001b]0;title\u0007\u001b[2J\u001b[31m[red]tab\there\u001b[0m \u0007\u009b5A";

    private readonly Events events = new("echo '[bold red]x[/]' [oops", "two", "three");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(40)]
    [InlineData(500)]
    public void It_draws_on_a_terminal_of_any_width(int width)
    {
        var shown = Draw(
            width,
            events.Starts(1), events.Says(1, Hostile), events.Says(1, new string('w', 700)), events.Says(1, string.Concat(Enumerable.Repeat("漢字 ", 200))), events.Starts(2),
            events.Completes(1), events.Cached(2), events.Starts(3), events.Says(3, ""), events.Fails(3), Events.Fails());

        Assert.NotEmpty(shown);
    }

    [Fact]
    public void What_looks_like_markup_is_shown_as_it_is()
    {
        var shown = Draw(120, events.Starts(1), events.Completes(1), Events.Completes());

        Assert.Contains("[1/3] RUN echo '[bold red]x[/]' [oops", shown, StringComparison.Ordinal);
        Assert.Contains("1.3s @aa0000000001", shown, StringComparison.Ordinal);
        Assert.Contains("image created in 2.0s", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void The_output_of_a_failed_step_stays_and_does_not_drive_the_terminal()
    {
        var shown = Draw(120, events.Starts(2), events.Says(2, Hostile), events.Fails(2), Events.Fails());

        Assert.Contains("[red]tab", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("title", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[2J", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[31m[red]", shown, StringComparison.Ordinal);
        Assert.DoesNotContain('\u0007', shown);
        Assert.DoesNotContain('\u009b', shown);
        Assert.Contains("error: Kleenefile:3: RUN two: the command exited with code 7", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_many_lines_the_last_stay()
    {
        var shown = Draw(80, [events.Starts(2), .. Enumerable.Range(1, 100).Select(i => events.Says(2, $"line {i}.")), events.Fails(2)]);

        Assert.Contains("line 95.", shown, StringComparison.Ordinal);
        Assert.Contains("line 100.", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("line 94.", shown, StringComparison.Ordinal);
    }

    private static string Draw(int width, params BuildEvent[] happened)
    {
        var builder = new StringBuilder();
        using var writer = new StringWriter(builder);
        using (var progress = new LiveProgress(writer, TimeProvider.System, color: false, width))
        {
            Array.ForEach(happened, progress.Print);
        }

        return builder.ToString();
    }
}
