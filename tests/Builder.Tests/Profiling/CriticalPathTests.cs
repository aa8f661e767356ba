using Kleene.Build.Builder.Profiling;
using Kleene.Build.Runtime.Builds;

namespace Kleene.Build.Builder.Tests.Profiling;

public sealed class CriticalPathTests
{
    [Fact]
    public void Steps_of_one_chain_are_all_critical()
    {
        var path = CriticalPath.Of([Step(1, 10), Step(2, 20, 1), Step(3, 5, 2)]);

        Assert.Equal(35, path.Length.TotalMilliseconds);
        Assert.Equal([0, 0, 0], Slacks(path, 3));
    }

    [Fact]
    public void The_shorter_of_two_stages_may_take_as_long_as_the_other()
    {
        // 1, 2: one stage. 3: another. 4 reads both.
        var path = CriticalPath.Of([Step(1, 10), Step(2, 20, 1), Step(3, 12), Step(4, 5, 2, 3)]);

        Assert.Equal(35, path.Length.TotalMilliseconds);
        Assert.Equal([0, 0, 18, 0], Slacks(path, 4));
    }

    [Fact]
    public void Slack_of_a_chain_is_shared_and_a_step_that_two_wait_for_has_that_of_the_more_urgent()
    {
        var path = CriticalPath.Of([Step(1, 4), Step(2, 1, 1), Step(3, 10, 1), Step(4, 1, 2), Step(5, 2, 3, 4)]);

        Assert.Equal(16, path.Length.TotalMilliseconds);
        Assert.Equal([0, 8, 0, 8, 0], Slacks(path, 5));
    }

    [Fact]
    public void A_build_without_steps_takes_no_time() => Assert.Equal(TimeSpan.Zero, CriticalPath.Of([]).Length);

    private static IEnumerable<double> Slacks(CriticalPath path, int count) => Enumerable.Range(1, count).Select(step => path.SlackOf(step).TotalMilliseconds);

    private static ProfiledStep Step(int number, int milliseconds, params int[] after) => new()
    {
        Number = number,
        Stage = 0,
        Place = "Kleenefile:1",
        Text = "RUN x",
        State = RecordedStepState.Built,
        Duration = TimeSpan.FromMilliseconds(milliseconds),
        After = [.. after],
        Statistics = new StepStatistics(),
    };
}
