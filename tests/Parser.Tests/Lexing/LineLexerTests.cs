using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Tests.Lexing;

public sealed class LineLexerTests
{
    [Theory]
    [InlineData("RUN a\\\nb", "RUN ab")]
    [InlineData("RUN a \\\n  b", "RUN a   b")]
    [InlineData("RUN a\\ \t\nb", "RUN ab")]
    [InlineData("RUN a\\\r\nb\r\n", "RUN ab")]
    [InlineData("RUN a\\\\\nb", "RUN a\\\\|b")]
    [InlineData("RUN a\\\n# comment \\\nb", "RUN ab")]
    [InlineData("RUN a \\\n  # comment\n\n  b", "RUN a   b")]
    [InlineData("RUN a\\", "RUN a")]
    [InlineData("RUN a\\\n\n", "RUN a")]
    [InlineData("\\\nRUN a", "RUN a")]
    [InlineData("\\\n", "")]
    [InlineData("  RUN a  ", "RUN a  ")]
    [InlineData("\tRUN\ta", "RUN\ta")]
    [InlineData("# x\n  # y\n\nRUN a#b # c", "RUN a#b # c")]
    [InlineData("\uFEFFRUN a\r", "RUN a")]
    [InlineData("# escape=`\nRUN a`\nb\\\nc", "RUN ab\\|c")]
    [InlineData("#escape = ` \nRUN a`\nb", "RUN ab")]
    [InlineData("# other=1\n# escape=`\nRUN a`\nb", "RUN a`|b")]
    [InlineData("\n# escape=`\nRUN a`\nb", "RUN a`|b")]
    [InlineData("RUN cat <<A <<-\"B\" x\nin a\nA\n\tin b\n\tB\nENV a=b", "RUN cat <<A <<-\"B\" x|ENV a=b")]
    [InlineData("RUN 3<<EOF\n# no comment \\\nEOF\nX", "RUN 3<<EOF|X")]
    [InlineData("RUN echo $((1<<2)) <<<x 'a <<B'\nX", "RUN echo $((1<<2)) <<<x 'a <<B'|X")]
    [InlineData("ENV A=<<EOF\nX", "ENV A=<<EOF|X")]
    [InlineData("RUN [\"<<EOF\"]\nX", "RUN [\"<<EOF\"]|X")]
    [InlineData("ONBUILD RUN <<E\nE\nX", "ONBUILD RUN <<E|X")]
    [InlineData("RUN echo \"it is <<EOF\nX", "RUN echo \"it is <<EOF|X")]
    public void Physical_lines_become_instructions(string text, string expected)
    {
        var file = LineLexer.Lex(new SourceText("Kleenefile", text), new DiagnosticBag());

        Assert.Equal(expected, string.Join('|', file.Lines.Select(line => line.Text)));
    }

    [Fact]
    public void A_span_over_a_continuation_reaches_from_the_first_character_to_the_last()
    {
        var source = new SourceText("Kleenefile", "\uFEFFRUN ab\\\r\n  cd\r\n");

        var line = LineLexer.Lex(source, new DiagnosticBag()).Lines.Single();

        Assert.Equal("RUN ab  cd", line.Text);
        Assert.Equal("b\\\r\n  c", line.SpanOf(5, 4).Text);
        Assert.Equal(new LinePosition(1, 6), line.SpanOf(5, 1).StartPosition);
        Assert.Equal(new LinePosition(2, 3), line.SpanOf(8, 1).StartPosition);
    }

    [Fact]
    public void A_heredoc_keeps_its_body_and_how_it_was_written()
    {
        var source = new SourceText("Kleenefile", "COPY <<-'E' /x\n\ta $b\n# c\n\tE\nRUN x");

        var heredoc = LineLexer.Lex(source, new DiagnosticBag()).Lines[0].Heredocs.Single();

        Assert.Equal(("E", true, true, true), (heredoc.Name, heredoc.IsQuoted, heredoc.StripsTabs, heredoc.IsTerminated));
        Assert.Equal("\ta $b\n# c\n", heredoc.Body.Text);
        Assert.Equal("<<-'E'", heredoc.Operator.Text);
    }
}
