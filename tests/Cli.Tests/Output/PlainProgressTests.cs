using Kleene.Build.Builder.Events;
using Kleene.Build.Cli.Output;

namespace Kleene.Build.Cli.Tests.Output;

public sealed class PlainProgressTests
{
    private readonly Events events = new("one", "two", "three");

    [Fact]
    public void Steps_one_after_the_other_are_shown_as_they_go() => Shows(
        """
        Step 1/3 : RUN one
        --> Using cache @aa0000000001
        Step 2/3 : RUN two
        a
        --> Snapshot created: @aa0000000001
        image created

        """,
        events.Starts(1), events.Cached(1), events.Starts(2), events.Says(2, "a"), events.Completes(2), Events.Completes());

    [Fact]
    public void What_was_evicted_is_said_when_it_is() => Shows(
        """
        Step 1/3 : RUN one
        evicted 2 steps, 1.23GB, to keep within max-size 20GB
        --> Snapshot created: @aa0000000001

        """,
        events.Starts(1), Events.Evicts(), events.Completes(1));

    [Fact]
    public void Steps_side_by_side_are_shown_one_behind_the_other() => Shows(
        """
        Step 1/3 : RUN one
        one a
        one b
        --> Snapshot created: @aa0000000001
        Step 2/3 : RUN two
        two a
        two b
        --> Snapshot created: @aa0000000001

        """,
        events.Starts(1), events.Starts(2), events.Says(1, "one a"), events.Says(2, "two a"), events.Says(1, "one b"), events.Completes(1), events.Says(2, "two b"), events.Completes(2));

    [Theory]
    [InlineData("error: it only looks like the end")]
    [InlineData("--> Snapshot created: @bb0000000001")]
    public void What_a_command_prints_is_never_taken_for_the_end_of_its_step(string line) => Shows(
        $"""
        Step 1/3 : RUN one
        --> Snapshot created: @aa0000000001
        Step 2/3 : RUN two
        {line}
        two b
        --> Snapshot created: @aa0000000001
        Step 3/3 : RUN three
        three a
        --> Snapshot created: @aa0000000001

        """,
        events.Starts(1), events.Starts(2), events.Says(2, line), events.Starts(3), events.Completes(1), events.Says(3, "three a"), events.Says(2, "two b"), events.Completes(2), events.Completes(3));

    [Fact]
    public void Those_that_have_ended_come_before_the_beginning_of_one_that_has_not() => Shows(
        """
        Step 1/3 : RUN one
        --> Snapshot created: @aa0000000001
        Step 3/3 : RUN three
        --> Snapshot created: @aa0000000001
        Step 2/3 : RUN two
        two a
        two b
        --> Snapshot created: @aa0000000001

        """,
        events.Starts(1), events.Starts(2), events.Says(2, "two a"), events.Starts(3), events.Completes(3), events.Completes(1), events.Says(2, "two b"), events.Completes(2));

    /// <summary>The step that is shown was cancelled by the failure, and never says that it has ended.</summary>
    [Fact]
    public void A_failure_behind_a_cancelled_step_is_told() => Shows(
        """
        Step 1/3 : RUN one
        one a
        Step 2/3 : RUN two
        two a
        error: Kleenefile:3: RUN two: the command exited with code 7
        Failed to build image. Most recent snapshot is @aa0000000001

        """,
        events.Starts(1), events.Says(1, "one a"), events.Starts(2), events.Says(2, "two a"), events.Fails(2), Events.Fails());

    [Fact]
    public void A_build_that_is_broken_off_still_says_what_waited() => Shows(
        """
        Step 1/3 : RUN one
        Step 2/3 : RUN two
        two a

        """,
        events.Starts(1), events.Starts(2), events.Says(2, "two a"));

    [Fact]
    public void Output_passes_as_it_is() => Shows("Step 1/3 : RUN one\n\u001b[31m[red]\ttab\r100%\n", events.Starts(1), events.Says(1, "\u001b[31m[red]\ttab\r100%"));

    private static void Shows(string expected, params BuildEvent[] happened)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        using (var progress = new PlainProgress(writer))
        {
            Array.ForEach(happened, progress.Print);
        }

        Assert.Equal(expected, writer.ToString());
    }
}
