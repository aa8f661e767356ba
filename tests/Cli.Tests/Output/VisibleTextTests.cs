using Kleene.Build.Cli.Output;

namespace Kleene.Build.Cli.Tests.Output;

public sealed class VisibleTextTests
{
    [Theory]
    [InlineData("plain [red] ünï 漢字", "plain [red] ünï 漢字")]
    [InlineData("", "")]
    [InlineData("a\tb", "a       b")]
    [InlineData("12345678\tb", "12345678        b")]
    [InlineData("10%\r50%\r100%", "100%")]
    [InlineData("ends in CR\r", "ends in CR")]
    [InlineData("\u001b[1;31mred\u001b[0m", "red")]
    [InlineData("a\u001b[2J\u001b[Hb", "ab")]
    [InlineData("\u001b]0;title\u0007x", "x")]
    [InlineData("\u001b]8;;http://example\u001b\\link\u001b]8;;\u001b\\", "link")]
    [InlineData("\u001bPq#0\u001b\\x", "x")]
    [InlineData("\u001b(Bx\u001b7y", "xy")]
    [InlineData("cut \u001b", "cut ")]
    [InlineData("cut \u001b[31", "cut ")]
    [InlineData("cut \u001b]0;title", "cut ")]
    [InlineData("bell\u0007 back\b del\u007f nul\0", "bell\\x07 back\\x08 del\\x7f nul\\x00")]
    [InlineData("\u009b31m", "\\x9b31m")]
    [InlineData("turned \u202eback", "turned \\u202eback")]
    public void A_line_of_output_is_shown_and_not_obeyed(string text, string shown) => Assert.Equal(shown, VisibleText.OfLine(text));

    [Theory]
    [InlineData("RUN a && \\\n  b", "RUN a && \\   b")]
    [InlineData("a\r\nb\rc", "a b c")]
    [InlineData("\u001b[31mx", "x")]
    public void A_cell_of_a_table_has_one_line(string text, string shown) => Assert.Equal(shown, VisibleText.InOneLine(text));

    [Fact]
    public void Line_breaks_stay_where_lines_are_meant() => Assert.Equal("a\nb", VisibleText.OfLines("a\u001b[1m\nb\r"));
}
