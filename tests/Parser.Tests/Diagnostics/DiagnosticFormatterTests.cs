using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Tests.Diagnostics;

public sealed class DiagnosticFormatterTests
{
    [Fact]
    public void A_finding_is_printed_with_its_place_and_carets_under_the_words()
    {
        var compilation = Given.Compile("FROM a AS build\n\n\n\nFROM b\n\nCOPY --from=biuld /out /usr/local/bin/\n");

        var text = DiagnosticFormatter.Format(compilation.Diagnostics);

        Assert.Equal(
            """
            Kleenefile:7:13: error KB0012: stage 'biuld' is not defined; did you mean 'build'?
              7 | COPY --from=biuld /out /usr/local/bin/
                |             ^^^^^

            """, text);
    }

    [Fact]
    public void Carets_stay_under_tabs_and_do_not_leave_the_first_line()
    {
        var source = new SourceText("dir/File", "A\n\tRUN\tx \\\r\n  y\n");

        var text = DiagnosticFormatter.Format(new Diagnostic(Rules.UnknownInstruction, new TextSpan(source, 3, 15), "message"));

        Assert.Equal("dir/File:2:2: error KB0001: message\n  2 | \tRUN\tx \\\n    | \t^^^^^^^\n", text);
    }

    [Fact]
    public void Control_characters_of_the_file_do_not_reach_the_terminal()
    {
        var source = new SourceText("Kleenefile", "RUN \u001b[31mx");

        var text = DiagnosticFormatter.Format(new Diagnostic(Rules.NulCharacter, new TextSpan(source, 4, 5), "message"));

        Assert.Contains("  1 | RUN \uFFFD[31mx\n", text, StringComparison.Ordinal);
    }
}
