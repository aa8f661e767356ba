namespace Kleene.Build.Parser.Tests.Planning;

public sealed class RunHeredocTests
{
    [Theory]
    [InlineData("RUN <<E\necho 1\n\n  echo $X\nE\n", "echo 1\n\n  echo $X\n")]
    [InlineData("RUN   <<E  \necho 1\nE", "echo 1\n")]
    [InlineData("RUN <<'E'\necho \"$X\"\nE\n", "echo \"$X\"\n")]
    [InlineData("RUN <<-E\n\t\techo 1\n \techo 2\n\tE\n", "echo 1\n \techo 2\n")]
    [InlineData("RUN <<E\n\techo 1\n\tE\nE\n", "\techo 1\n\tE\n")]
    [InlineData("RUN <<E\necho 1 \\\n  2\n# x\nE\n", "echo 1 \\\n  2\n# x\n")]
    [InlineData("RUN <<E\r\necho 1\r\nE\r\n", "echo 1\r\n")]
    [InlineData("RUN <<E\nE\n", "")]
    [InlineData("RUN <<-E\n#!/bin/sh is not first\nE\n", null)]
    [InlineData("RUN cat <<E\n$X\nE\n", "cat <<E\n$X\nE")]
    [InlineData("RUN cat <<-E > /x\n\t$X\n\tE\n", "cat <<-E > /x\n\t$X\nE")]
    [InlineData("RUN cat <<A <<'B'\n1\nA\n2\nB\n", "cat <<A <<'B'\n1\nA\n2\nB")]
    [InlineData("RUN <<A <<B\n1\nA\n2\nB\n", "<<A <<B\n1\nA\n2\nB")]
    [InlineData("RUN cat 3<<A /proc/self/fd/3\n#!x\nA\n", "cat 3<<A /proc/self/fd/3\n#!x\nA")]
    [InlineData("RUN cat <<<A\n", "cat <<<A")]
    [InlineData("RUN echo $((1 << 2))\n", "echo $((1 << 2))")]
    [InlineData("RUN echo \"<<E\"\n", "echo \"<<E\"")]
    public void A_shell_is_given_the_text_of_a_heredoc(string text, string? command)
    {
        var run = Given.Plan($"FROM scratch\n{text}").Target.Run();

        if (command is null)
        {
            Assert.NotNull(run.Script);
            return;
        }

        Assert.Equal<string>(["/bin/sh", "-c", command], run.Argv);
        Assert.Null(run.Script);
    }

    [Fact]
    public void A_heredoc_with_a_shebang_is_a_file_that_the_shell_runs()
    {
        var run = Given.Plan("FROM scratch\nSHELL [\"/bin/ash\", \"-ec\"]\nRUN <<-'x.py'\n#!/usr/bin/python3\n\tprint('$X')\n\tx.py\n").Target.Run();

        Assert.Equal<string>(["/bin/ash", "-ec", "/dev/pipes/x.py"], run.Argv);
        Assert.Equal("#!/usr/bin/python3\nprint('$X')\n", run.Script);
        Assert.Equal("/dev/pipes/x.py", run.ScriptPath);
    }

    [Theory]
    [InlineData("'a b'")]
    [InlineData("../x")]
    [InlineData("..")]
    [InlineData("'$(reboot)'")]
    public void A_script_has_a_name_that_a_shell_takes_as_it_is(string name)
    {
        var compilation = Given.Compile($"FROM scratch\nRUN <<{name}\n#!/bin/sh\n{name.Trim('\'')}\n");

        Assert.Equal<string>(["InvalidName"], compilation.RuleNames());
    }

    [Fact]
    public void A_step_ends_where_its_last_heredoc_ends()
    {
        var run = Given.Plan("FROM scratch\nRUN cat <<A \\\n <<B\n1\nA\n2\nB\nRUN x\n").Target.Run();

        Assert.Equal((2, 7), (run.Line, run.EndLine));
    }

    [Fact]
    public void A_heredoc_without_its_end_is_told_once()
    {
        var compilation = Given.Compile("FROM scratch\nRUN <<E\nRUN x\n");

        Assert.Equal<string>(["UnterminatedHeredoc"], compilation.RuleNames());
    }
}
