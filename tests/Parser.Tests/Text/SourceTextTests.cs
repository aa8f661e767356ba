using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Tests.Text;

public sealed class SourceTextTests
{
    [Theory]
    [InlineData("", 0, 1, 1)]
    [InlineData("a\nb", 0, 1, 1)]
    [InlineData("a\nb", 1, 1, 2)]
    [InlineData("a\nb", 2, 2, 1)]
    [InlineData("a\nb", 3, 2, 2)]
    [InlineData("a\n", 2, 2, 1)]
    [InlineData("a\r\nb", 3, 2, 1)]
    [InlineData("\n\n\nx", 3, 4, 1)]
    [InlineData("\uFEFFab", 0, 1, 1)]
    [InlineData("\uFEFFab", 1, 1, 1)]
    [InlineData("\uFEFFab", 2, 1, 2)]
    public void An_offset_is_a_line_and_a_column_from_one(string text, int offset, int line, int column)
    {
        var source = new SourceText("Kleenefile", text);

        Assert.Equal(new LinePosition(line, column), source.PositionOf(offset));
    }

    [Fact]
    public void A_line_span_leaves_out_the_line_break()
    {
        var source = new SourceText("Kleenefile", "ab\r\ncd\nef");

        Assert.Equal(["ab", "cd", "ef"], Enumerable.Range(1, source.LineCount).Select(line => source.LineSpan(line).Text));
    }
}
