using Kleene.Build.Builder.Contexts;
using Kleene.Build.Runtime.Files;
using Xunit;

namespace Kleene.Build.Builder.Tests.Contexts;

public sealed class PathPatternTests
{
    [Theory]
    [InlineData("abc", "abc", true)]
    [InlineData("*", "abc", true)]
    [InlineData("*", "", true)]
    [InlineData("*c", "abc", true)]
    [InlineData("a*", "a", true)]
    [InlineData("r*l*s*.t?r*", "release-notes.tar.gz", true)]
    [InlineData("*o?e*n", "one wooden pawn", true)]
    [InlineData("*o?e*n", "one wooden pawns", false)]
    [InlineData("ab[c]", "abc", true)]
    [InlineData("ab[b-d]", "abc", true)]
    [InlineData("ab[e-g]", "abc", false)]
    [InlineData("ab[^c]", "abc", false)]
    [InlineData("ab[^e-g]", "abc", true)]
    [InlineData("a\\*b", "a*b", true)]
    [InlineData("a\\*b", "ab", false)]
    [InlineData("a?b", "a☺b", true)]
    [InlineData("a[^a]b", "a☺b", true)]
    [InlineData("a??b", "a☺b", false)]
    [InlineData("[a-ζ]*", "α", true)]
    [InlineData("*[a-ζ]", "A", false)]
    [InlineData("[\\]a]", "]", true)]
    [InlineData("[\\-x]", "-", true)]
    [InlineData("[x\\-]", "z", false)]
    [InlineData("[!a]", "!", true)]
    [InlineData("arr[[]0].txt", "arr[0].txt", true)]
    [InlineData("*x", "xxx", true)]
    [InlineData("*.txt", ".txt", true)]
    public void A_name_matches_as_in_go(string pattern, string name, bool matches)
    {
        Assert.True(PathPattern.IsValid(((UnixPath)pattern).Bytes));
        Assert.Equal(matches, PathPattern.Matches(((UnixPath)pattern).Bytes, ((UnixPath)name).Bytes));
    }

    [Theory]
    [InlineData("[]a]")]
    [InlineData("[-]")]
    [InlineData("[x-]")]
    [InlineData("[-x]")]
    [InlineData("[a-b-c]")]
    [InlineData("[")]
    [InlineData("[^")]
    [InlineData("[^bc")]
    [InlineData("a[")]
    [InlineData("*[a")]
    [InlineData("a\\")]
    public void A_pattern_that_go_refuses_is_not_valid(string pattern) => Assert.False(PathPattern.IsValid(((UnixPath)pattern).Bytes));

    [Fact]
    public void A_byte_that_is_not_utf8_is_one_character()
    {
        Assert.True(PathPattern.Matches("a?b"u8, [(byte)'a', 0xff, (byte)'b']));
        Assert.False(PathPattern.Matches("a?b"u8, [(byte)'a', 0xff, 0xfe, (byte)'b']));
    }

    [Theory]
    [InlineData("a*", true)]
    [InlineData("a\\*", false)]
    [InlineData("a\\\\*", true)]
    [InlineData("[ab]", true)]
    [InlineData("a]b-c", false)]
    public void An_escaped_wildcard_is_none(string source, bool hasWildcard) =>
        Assert.Equal(hasWildcard, PathPattern.HasWildcard(((UnixPath)source).Bytes));
}
