using System.CommandLine;
using Kleene.Build.Cli.Commands;

namespace Kleene.Build.Cli.Tests.Commands;

public sealed class OptionsFirstTests
{
    /// <summary>Words as they are written, and as the library gets them. <c>%</c> stands for a space inside a word.</summary>
    [Theory]
    [InlineData("run image ls -l", "run -- image ls -l")]
    [InlineData("run --rm image --rm", "run --rm -- image --rm")]
    [InlineData("run -it image -it", "run -it -- image -it")]
    [InlineData("run -e A=b image", "run -e A=b -- image")]
    [InlineData("run -e image image", "run -e image -- image")]
    [InlineData("run -eA image", "run -eA -- image")]
    [InlineData("run -eA=b image", "run -eA=b -- image")]
    [InlineData("run -ite A=b image", "run -ite A=b -- image")]
    [InlineData("run --env A=b image", "run --env A=b -- image")]
    [InlineData("run --env=A=b image", "run --env=A=b -- image")]
    [InlineData("run --limit -1 image", "run --limit -1 -- image")]
    [InlineData("run --root /x%y image", "run --root /x%y -- image")]
    [InlineData("run --other x image", "run --other x -- image")]
    [InlineData("run -- image -x", "run -- image -x")]
    [InlineData("run -i -- image", "run -i -- image")]
    [InlineData("run - x", "run -- - x")]
    [InlineData("run", "run")]
    [InlineData("run -e", "run -e")]
    [InlineData("run image --fresh", "run -- image --fresh")]
    [InlineData("run --fresh image", "run --fresh=* -- image")]
    [InlineData("run --fresh=a,b image", "run --fresh=a,b -- image")]
    [InlineData("--root run run image -x", "--root run run -- image -x")]
    public void Options_end_at_the_first_word_that_is_none(string written, string given) => Assert.Equal(Words(given), Apply(Words(written), ends: true));

    [Theory]
    [InlineData("build context --fresh -t x", "build context --fresh=* -t x")]
    [InlineData("build --fresh context", "build --fresh=* context")]
    [InlineData("build --fresh=s context", "build --fresh=s context")]
    [InlineData("build -e --fresh context", "build -e --fresh context")]
    [InlineData("build -- --fresh", "build -- --fresh")]
    [InlineData("build - --fresh", "build - --fresh=*")]
    public void A_value_that_may_be_missing_stands_behind_an_equals_sign(string written, string given) => Assert.Equal(Words(given), Apply(Words(written), ends: false));

    [Theory]
    [InlineData("run --rmm image", "'run' has no option '--rmm'; did you mean '--rm'?")]
    [InlineData("run -x image", "'run' has no option '-x'")]
    [InlineData("run --something-else=3 image", "'run' has no option '--something-else'; options of the container's command come behind the IMAGE")]
    public void An_unknown_option_is_not_taken_for_the_image(string written, string said) =>
        Assert.StartsWith(said, Assert.Throws<UsageException>(() => Apply(Words(written), ends: true)).Message, StringComparison.Ordinal);

    private static string[] Words(string line) => [.. line.Split(' ').Select(word => word.Replace('%', ' '))];

    private static string[] Apply(string[] words, bool ends)
    {
        var name = ends ? "run" : "build";
        var command = new Command(name)
        {
            new Argument<string>("IMAGE"),
            new Option<bool>("--rm"),
            new Option<bool>("--interactive", "-i"),
            new Option<bool>("--tty", "-t"),
            new Option<string[]>("--env", "-e", "--other"),
            new Option<long?>("--limit"),
            new Option<string?>("--fresh") { Arity = ArgumentArity.ZeroOrOne },
        };
        if (ends)
        {
            command.Arguments.Add(new Argument<string[]>("COMMAND"));
        }

        var root = new RootCommand { new Option<string?>("--root") { Recursive = true }, command };
        Assert.Same(command, root.Subcommands[0]);
        return OptionsFirst.Apply(command, words, Array.LastIndexOf(words, name));
    }
}
