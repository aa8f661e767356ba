using System.Globalization;
using Kleene.Build.Runtime.Space;
using Kleene.Build.Runtime.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Space;

public sealed class EvictionOrderTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A snapshot is <c>name&lt;parent bytes seconds hours-since-its-use</c>, with a star when it is held.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("a 10 1 0", "a")]
    [InlineData("a 10 1 0, b 10 9 0, c 10 5 0", "a c b")] // seconds
    [InlineData("a 10 5 0, b 99 5 0, c 50 5 0", "b c a")] // bytes
    [InlineData("a 10 5 1, b 10 5 100, c 10 5 24", "b c a")] // last use
    [InlineData("a 1000 60 0, b 10 60 0, c 1000 1 0", "c a b")]
    [InlineData("a 10 5 0, b 10 4 48", "b a")] // long unused and a little cheaper
    [InlineData("a 10 500 48, b 10 4 0", "b a")] // long unused, but dear
    [InlineData("a 10 0 1, b 99 0 2", "b a")] // of what saves nothing the older first
    [InlineData("a 10 5 0, b<a 10 5 0, c<b 10 5 0", "c b a")] // what stands on another goes first
    [InlineData("a 10 1 0, b<a 10 50 0, c 10 20 0", "c b a")] // a cheap step under a dear one goes with it only
    [InlineData("a 99999 1 0, b<a 1 1 0, c 1000 1 0", "b a c")] // a small leaf does not keep a large cheap step
    [InlineData("a 10 5 0, b<a 10 9 0, c<a 10 1 0, d 10 3 0", "c d b a")]
    [InlineData("a 10 5 100, b<a 10 5 0, c 10 5 24", "c b a")] // a child's use is its parent's
    [InlineData("a* 10 1 0, b 10 1 0", "b")]
    [InlineData("a 10 1 0, b<a 10 1 0, c*<b 10 1 0, d<c 10 1 0, e<a 10 1 0", "d e")] // what holds holds all below, and nothing above
    public void What_saves_least_for_its_space_goes_first(string steps, string order)
    {
        var given = steps.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(step => Parse(step.Trim())).ToList();

        Assert.Equal(order, string.Join(' ', EvictionOrder.Of(given, Now).Select(step => step.Text)));
    }

    [Fact]
    public void A_long_chain_goes_from_its_end()
    {
        var steps = Enumerable.Range(0, 2000).Select(i => new EvictableStep(Id(i), i == 0 ? null : Id(i - 1), 10, TimeSpan.FromSeconds(1), Now)).ToList();

        Assert.Equal(Enumerable.Range(0, 2000).Reverse().Select(Id), EvictionOrder.Of(steps, Now).Select(step => step.Id));
    }

    private static EvictableStep Parse(string text)
    {
        var fields = text.Split(' ');
        var names = fields[0].Split('<');
        return new EvictableStep(
            Id(names[0][0]),
            names.Length > 1 ? Id(names[1][0]) : null,
            long.Parse(fields[1], CultureInfo.InvariantCulture),
            TimeSpan.FromSeconds(long.Parse(fields[2], CultureInfo.InvariantCulture)),
            Now - TimeSpan.FromHours(long.Parse(fields[3], CultureInfo.InvariantCulture)),
            names[0].EndsWith('*'),
            names[0].TrimEnd('*'));
    }

    private static SnapshotId Id(int number) => SnapshotId.Parse(string.Create(CultureInfo.InvariantCulture, $"a{number:x11}"));
}
