using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Parser.Tests.Planning;

public sealed class CopyHeredocTests
{
    [Theory]
    [InlineData("<<E\n$X ${X} ${Y:-n}\nE\n", "a  b a  b n\n")]
    [InlineData("<<E\n'$X' \"$X\"\nE\n", "'a  b' \"a  b\"\n")]
    [InlineData("<<E\nit's \"open\nE\n", "it's \"open\n")]
    [InlineData("<<E\n\\$X \\\\ \\n\nE\n", "$X \\ n\n")]
    [InlineData("<<'E'\n\\$X \"\nE\n", "\\$X \"\n")]
    [InlineData("<<\"E\"\n$X\nE\n", "$X\n")]
    [InlineData("<<E\"\"\n$X\nE\n", "$X\n")]
    [InlineData("<<-E\n\t\t$X\n\n \tkept\n\tE\n", "a  b\n\n \tkept\n")]
    [InlineData("<<-'E'\n\t$X\n\tE\n", "$X\n")]
    [InlineData("<<E\n\t$X\nE\n", "\ta  b\n")]
    [InlineData("<<E\n# x\nCOPY <<E /y\nE\n", "# x\nCOPY <<E /y\n")]
    [InlineData("<<E\r\n$X\r\nE\r\n", "a  b\r\n")]
    [InlineData("<<E\nE\n", "")]
    public void The_body_of_a_heredoc_becomes_a_file(string heredoc, string content)
    {
        var text = heredoc.Insert(heredoc.IndexOfAny(['\r', '\n']), " /x");

        var copy = Copy(Given.Plan($"FROM scratch\nARG X=\"a  b\"\nCOPY {text}"));

        Assert.Equal(content, Assert.Single(copy.Heredocs).Content);
        Assert.Empty(copy.Sources);
    }

    [Fact]
    public void Heredocs_stand_among_ordinary_sources()
    {
        var copy = Copy(Given.Plan("FROM scratch\nCOPY <<one a <<-'two' b/* /dst/\n1\none\n\t2\ntwo\n"));

        Assert.Equal<string>(["a", "b/*"], copy.Sources);
        Assert.Equal<PlannedHeredoc>([new PlannedHeredoc("one", "1\n", true), new PlannedHeredoc("two", "2\n", false)], copy.Heredocs);
        Assert.Equal("/dst/", copy.Destination);
    }

    [Fact]
    public void Several_heredocs_need_a_directory()
    {
        var compilation = Given.Compile("FROM scratch\nCOPY <<a <<b /dst\na\nb\n");

        Assert.Equal<string>(["CopyNeedsDirectory"], compilation.RuleNames());
    }

    [Fact]
    public void A_variable_that_is_missing_is_told_where_it_stands_in_the_body()
    {
        var compilation = Given.Compile("FROM scratch\nCOPY <<-E /x\n\t\tok\n\t\tsome $missing\n\tE\n");

        var found = Assert.Single(compilation.Diagnostics);
        Assert.Equal("UndefinedVar", found.Rule.Name);
        Assert.Equal("$missing", found.Span.Text);
    }

    private static BuildStep.Copy Copy(BuildPlan plan) => plan.Target.Steps.OfType<BuildStep.Copy>().Single();
}
