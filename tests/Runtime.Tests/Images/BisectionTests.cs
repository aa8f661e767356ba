using Kleene.Build.Runtime.Images;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Images;

public sealed class BisectionTests
{
    [Theory]
    [InlineData("+", null, 0)]
    [InlineData("-", 0, null)]
    [InlineData("+-", 1, 0)]
    [InlineData("++++++++", null, 7)]
    [InlineData("--------", 0, null)]
    [InlineData("+++++---", 5, 4)]
    [InlineData("+-------", 1, 0)]
    [InlineData("+++++++-", 7, 6)]
    // What is tried is not there yet at the beginning.
    [InlineData("---++++--", 7, 6)]
    [InlineData("-+-------", 2, 1)]
    [InlineData("-------+-", 8, 7)]
    public async Task It_finds_where_the_failure_begins(string places, int? failing, int? working) =>
        Assert.Equal((failing, working), await Bisection.FindAsync(places.Length, index => Task.FromResult(places[index] == '+')));

    [Fact]
    public async Task It_asks_about_no_place_twice_and_about_few()
    {
        var most = 0;
        for (var first = 1; first < 200; first++)
        {
            var asked = new List<int>();
            var found = await Bisection.FindAsync(200, index =>
            {
                asked.Add(index);
                return Task.FromResult(index < first);
            });

            Assert.Equal((first, first - 1), found);
            Assert.Equal(asked.Count, asked.Distinct().Count());
            most = Math.Max(most, asked.Count);
        }

        Assert.InRange(most, 2, 10);
    }

    [Fact]
    public async Task Every_single_place_that_works_is_found_in_any_number_of_them()
    {
        for (var count = 2; count < 40; count++)
        {
            for (var good = 0; good < count - 1; good++)
            {
                Assert.Equal((good + 1, good), await Bisection.FindAsync(count, index => Task.FromResult(index == good)));
            }
        }
    }
}
