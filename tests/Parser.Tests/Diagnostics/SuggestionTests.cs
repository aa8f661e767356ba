using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Parser.Tests.Diagnostics;

public sealed class SuggestionTests
{
    [Theory]
    [InlineData("biuld", "build test", "build")]
    [InlineData("BULID", "build", "build")]
    [InlineData("COPPY", "COPY RUN", "COPY")]
    [InlineData("RNU", "RUN ENV", "RUN")]
    [InlineData("entrypiont", "ENV ENTRYPOINT", "ENTRYPOINT")]
    [InlineData("VERSOIN", "VERSION VERSION2", "VERSION")]
    [InlineData("x", "build", null)]
    [InlineData("ab", "ac", null)]
    [InlineData("RUN", "USER", null)]
    [InlineData("nginx", "engine", null)]
    // Digits are chosen on purpose.
    [InlineData("alpine", "alpine3", null)]
    [InlineData("node20", "node22", null)]
    public void The_nearest_name_is_suggested_when_it_is_near_enough(string written, string known, string? expected)
    {
        var nearest = Suggestion.Nearest(written, known.Split(' '));

        Assert.Equal(expected, nearest);
    }

    [Theory]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "abc", 0)]
    [InlineData("abc", "ABC", 0)]
    [InlineData("abc", "acb", 1)]
    [InlineData("abc", "abcd", 1)]
    [InlineData("abc", "axc", 1)]
    [InlineData("kitten", "sitting", 3)]
    public void Distance_counts_edits_and_swapped_neighbours_as_one(string left, string right, int expected)
    {
        Assert.Equal(expected, Suggestion.Distance(left, right));
        Assert.Equal(expected, Suggestion.Distance(right, left));
    }
}
