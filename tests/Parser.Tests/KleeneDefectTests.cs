using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Parser.Tests;

/// <summary>
/// Defects of Kleene's own parser and of how its builder takes words: none of them is copied, in Docker's reading nor, where a file
/// asks for it, in Kleene's. Those that show only when a build runs are in the test class of this name of the command line.
/// </summary>
public sealed class KleeneDefectTests
{
    public static TheoryData<string> Dialects => ["", "# syntax=kleene\n"];

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Variables_of_a_single_letter_are_variables(string dialect)
    {
        var plan = Given.Plan(dialect + "FROM a\nARG A=1\nENV B=2\nRUN x\n");

        Assert.Equal(["B=2", "A=1"], plan.Target.Run().Environment.AsEnumerable());
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public void A_test_in_brackets_is_a_command_for_the_shell(string dialect)
    {
        var plan = Given.Plan(dialect + "FROM a\nRUN [ -f /x ] || true\nRUN [[ $A ]]\n");

        Assert.Equal(["/bin/sh", "-c", "[ -f /x ] || true"], plan.Target.Run().Argv.AsEnumerable());
        Assert.Equal(["/bin/sh", "-c", "[[ $A ]]"], plan.Target.Run(2).Argv.AsEnumerable());
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public void The_old_form_of_ENV_is_read(string dialect)
    {
        var plan = Given.Plan(dialect + "FROM a\nENV KEY a value\n");

        Assert.Equal(["KEY=a value"], plan.Target.Config.Env.AsEnumerable());
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("# only a comment")]
    [InlineData("ARG X=1\n")]
    [InlineData("# syntax=kleene\n")]
    [InlineData("# syntax=kleene\nARG X=1\n# \\\n")]
    public void A_file_without_a_stage_is_an_error_and_no_crash(string text) =>
        Assert.Contains("NoStage", Given.Compile(text).RuleNames());

    [Theory]
    [MemberData(nameof(Dialects))]
    public void A_comment_between_continued_lines_is_no_part_of_the_command(string dialect)
    {
        var plan = Given.Plan(dialect + "FROM a\nRUN one \\\n# why\n  # and why not \\\n  two\nRUN three\n");

        Assert.Equal("one   two", plan.Target.Run().Argv[2]);
        Assert.Equal("three", plan.Target.Run(2).Argv[2]);
    }

    [Fact]
    public void A_comment_that_ends_in_a_backslash_leaves_the_next_line_alone() =>
        Assert.Equal("one", Given.Plan("FROM a\n# comment \\\nRUN one\nRUN two\n").Target.Run().Argv[2]);

    [Fact]
    public void Where_a_comment_takes_the_next_line_with_it_that_is_said() =>
        Assert.Contains("CommentGoesOn", Given.Compile("# syntax=kleene\nFROM a\n# comment \\\nRUN one\nRUN two\n").RuleNames());

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Lines_may_end_in_carriage_returns(string dialect)
    {
        var text = dialect + "FROM a\nENV AB=c\nRUN one \\\n  two\nWORKDIR /x\n";

        Assert.Equal(PlanMeaning.Of(Given.Compile(text)), PlanMeaning.Of(Given.Compile(text.ReplaceLineEndings("\r\n"))));
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public void A_stage_with_a_name_and_a_second_one_are_planned(string dialect)
    {
        var plan = Given.Plan(dialect + "FROM a AS b\nRUN x\nFROM b\nRUN y\n");

        Assert.Equal("b", plan.Stages[0].Name);
        Assert.Equal(new StageBase.Stage(0), plan.Stages[1].Base);
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public void A_command_in_a_value_is_text_and_is_not_executed(string dialect)
    {
        var plan = Given.Plan(dialect + "FROM a\nENV AB=$(id)\nENV CD=`id`\nUSER $(id)\n");

        Assert.Equal(["AB=$(id)", "CD=`id`"], plan.Target.Config.Env.AsEnumerable());
        Assert.Equal("$(id)", plan.Target.Config.User);
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Characters_that_mean_something_to_a_shell_cut_no_value(string dialect)
    {
        var plan = Given.Plan(dialect + "FROM a\nENV URL=http://h/?a=1&b=2\nENV LIST=a;b|c>d\nENV HASH=x#y\nENV GLOB=/e*c/(x)\n");

        Assert.Equal(["URL=http://h/?a=1&b=2", "LIST=a;b|c>d", "HASH=x#y", "GLOB=/e*c/(x)"], plan.Target.Config.Env.AsEnumerable());
    }

    [Fact]
    public void A_comment_sign_after_a_blank_cuts_no_value() =>
        Assert.Equal(["AB=x #y ;z"], Given.Plan("# syntax=kleene\nFROM a\nENV AB=x #y ;z\n").Target.Config.Env.AsEnumerable());

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Variables_in_WORKDIR_are_replaced(string dialect)
    {
        var plan = Given.Plan(dialect + "FROM a\nARG AB=/srv\nENV CD=app\nWORKDIR $AB/${CD}\nWORKDIR sub\n");

        Assert.Equal("/srv/app/sub", plan.Target.Config.WorkingDir);
    }

    [Fact]
    public void An_absolute_destination_of_COPY_is_absolute() =>
        Assert.Equal("/etc/x", Assert.IsType<BuildStep.Copy>(Given.Plan("FROM a\nWORKDIR /app\nCOPY x /etc/x\n").Target.Steps[1]).Destination);

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Two_blanks_between_the_words_of_COPY_are_as_one(string dialect)
    {
        var copy = Assert.IsType<BuildStep.Copy>(Given.Plan(dialect + "FROM a\nCOPY  one   two  /there/\n").Target.Steps[0]);

        Assert.Equal(["one", "two"], copy.Sources.AsEnumerable());
        Assert.Equal("/there/", copy.Destination);
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public void What_the_caller_adds_to_the_environment_stays_out_of_the_image(string dialect)
    {
        var plan = Given.Plan(dialect + "FROM a\nENV AB=1\nRUN x\n", new CompileOptions { ExtraEnvironment = ["PASS=word"] });

        Assert.Contains("PASS=word", plan.Target.Run().Environment);
        Assert.Equal(["AB=1"], plan.Target.Config.Env.AsEnumerable());
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Commands_run_in_the_root_directory_where_nobody_says_otherwise(string dialect) =>
        Assert.Equal("/", Given.Plan(dialect + "FROM a\nRUN x\n").Target.Run().WorkingDirectory);
}
