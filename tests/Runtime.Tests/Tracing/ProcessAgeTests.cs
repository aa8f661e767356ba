using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Runtime.Tests.Tracing;

public sealed class ProcessAgeTests
{
    [Theory]
    [InlineData("12 (kleene) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 1234 20", 12340)]
    [InlineData("12 (a) S (b ) R 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 5 20", 50)]
    [InlineData("12 (short) S 1 2 3", null)]
    [InlineData("", null)]
    public void The_start_is_found_behind_a_name_that_may_hold_anything(string stat, int? milliseconds) =>
        Assert.Equal(milliseconds, ProcessAge.ParseStart(stat)?.TotalMilliseconds);

    [Theory]
    [InlineData(20, 15, 15, "what was used, as it fits")]
    [InlineData(20, 3, 10, "waiting for a disk: at least what the kernel tells, less a tick")]
    [InlineData(20, 30, 20, "used on several processors: not before the kernel's start")]
    [InlineData(-1, 3, 0, "clocks that disagree")]
    public void The_age_is_the_processor_time_as_far_as_the_kernel_agrees(int told, int used, int expected, string reason) =>
        Assert.True(TimeSpan.FromMilliseconds(expected) == ProcessAge.Fit(TimeSpan.FromMilliseconds(told), TimeSpan.FromMilliseconds(used)), reason);

    [Fact]
    public void Our_own_age_is_more_than_the_time_since_our_code_began() => Assert.True(ProcessAge.Read(TimeSpan.FromMilliseconds(1)) > TimeSpan.FromMilliseconds(1));
}
