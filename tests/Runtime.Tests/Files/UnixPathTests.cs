using Kleene.Build.Runtime.Files;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Files;

public sealed class UnixPathTests
{
    [Fact]
    public void Any_bytes_survive_as_text()
    {
        var random = new Random(3);
        for (var round = 0; round < 2000; round++)
        {
            var bytes = new byte[random.Next(12)];
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)random.Next(1, 256);
            }

            Assert.Equal(bytes, UnixPath.FromText(UnixPath.FromBytes(bytes).ToString()).Bytes.ToArray());
        }
    }

    [Theory]
    [InlineData("a/b c/☺", "a/b c", "☺")]
    [InlineData("name", "", "name")]
    [InlineData("/name", "", "name")]
    [InlineData("a/b//", "a", "b")]
    [InlineData("/", "", "")]
    [InlineData("", "", "")]
    public void A_path_has_a_parent_and_a_name(string path, string parent, string name) =>
        Assert.Equal((parent, name), (((UnixPath)path).Parent.ToString(), ((UnixPath)path).Name.ToString()));

    [Theory]
    [InlineData("a", "b", "a/b")]
    [InlineData("a/", "b", "a/b")]
    [InlineData("", "b", "b")]
    [InlineData("a", "", "a")]
    [InlineData("/", "b", "/b")]
    public void A_name_is_appended_with_one_slash(string directory, string name, string path) =>
        Assert.Equal(path, ((UnixPath)directory / name).ToString());

    [Fact]
    public void What_would_disturb_a_terminal_is_shown_as_its_number() =>
        Assert.Equal("a\\n\\x1b[31m☺\\xff😀", UnixPath.FromBytes([.. "a\n\u001b[31m☺"u8, 0xff, .. "😀"u8]).ToDisplay());

    [Fact]
    public void A_nul_is_no_part_of_a_path()
    {
        Assert.Throws<ArgumentException>(() => UnixPath.FromText("a\0b"));
        Assert.Throws<ArgumentException>(() => UnixPath.FromText("half \ud83d"));
    }
}
