using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Parser.Tests.Planning;

public sealed class ImagePathTests
{
    [Theory]
    [InlineData("/", "a", "/a")]
    [InlineData("/w", ".", "/w/")]
    [InlineData("/w", "./", "/w/")]
    [InlineData("/w", "a/.", "/w/a/")]
    [InlineData("/w", "a/", "/w/a/")]
    [InlineData("/w", "/a", "/a")]
    [InlineData("/w", "..", "/")]
    [InlineData("/w", "../../../a", "/a")]
    [InlineData("/", ".", "/")]
    [InlineData("/", "//a//b/", "/a/b/")]
    [InlineData("/w x", "y z", "/w x/y z")]
    public void A_destination_is_absolute_and_keeps_the_slash_that_makes_it_a_directory(string directory, string path, string expected) =>
        Assert.Equal(expected, ImagePath.JoinDestination(directory, path));

    [Theory]
    [InlineData("a", "a")]
    [InlineData("/a/b/", "a/b")]
    [InlineData("./a", "a")]
    [InlineData(".", ".")]
    [InlineData("/", ".")]
    [InlineData("a/../b*", "b*")]
    [InlineData("../../x", "x")]
    [InlineData("..data/x", "..data/x")]
    [InlineData("[a]/?", "[a]/?")]
    public void A_source_is_relative_to_its_root(string path, string expected) => Assert.Equal(expected, ImagePath.Source(path));

    [Theory]
    [InlineData("..", true)]
    [InlineData("a/../..", true)]
    [InlineData("a/../../a", true)]
    [InlineData("a/..", false)]
    [InlineData("..data", false)]
    [InlineData("/a/./b", false)]
    public void A_path_that_leads_above_its_root_is_recognised(string path, bool expected) => Assert.Equal(expected, ImagePath.Escapes(path));
}
