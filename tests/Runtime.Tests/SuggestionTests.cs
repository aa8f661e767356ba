using Xunit;

namespace Kleene.Build.Runtime.Tests;

public sealed class SuggestionTests
{
    [Theory]
    [InlineData("pyton3", "python3 perl", "python3")]
    [InlineData("wbe", "web wb", "wb")]
    [InlineData("SRC", "src", "src")]
    [InlineData("biuld", "build run", "build")]
    [InlineData("/bin/out", "/bin/sh /bin/cat", null)]
    [InlineData("pakcage.json", "package.json package-lock.json", "package.json")]
    [InlineData("a", "b", null)]
    [InlineData("same", "same", null)]
    [InlineData("", "a", null)]
    [InlineData("$a 'b'", "$a 'c'", "$a 'c'")]
    [InlineData("a-word-of-many-letters", "a-world-with-many-sitters", null)]
    public void The_name_with_the_fewest_slips_is_suggested(string word, string candidates, string? expected)
    {
        var nearest = Suggestion.Nearest(word, word.StartsWith('$') ? [candidates] : candidates.Split(' '));

        Assert.Equal(expected, nearest);
        Assert.Equal(expected is null ? "" : $"; did you mean '{expected}'?", Suggestion.Hint(word, nearest is null ? [] : [nearest]));
    }
}
