using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

public sealed class SecretTests : IDisposable
{
    private const string Password = "correct horse $battery \"staple\"";

    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_secret_is_nowhere_when_the_build_is_over_whether_it_worked_or_not()
    {
        await space.WithBusyboxAsync();
        var file = space.Write("pass word", Password);
        var context = space.Context(
            """
            FROM busybox
            RUN --mount=type=secret,id=pw,env=PW --mount=type=secret,id=pw,target=/pw test "$PW" = "$(cat /pw)" && echo "it is $PW" && cat /pw >&2 && echo "$PW" > /dev/shm/x
            RUN --mount=type=secret,id=pw,target=/pw cat /pw; exit 3

            """);

        var plain = await space.FailAsync(1, "--log-level", "debug", "build", "--progress", "plain", "-t", "app", "--secret", $"id=pw,src={file}", context);
        var json = await space.FailAsync(1, "build", "--progress", "json", "-t", "app", "--secret", $"id=pw,src={file}", context);

        Assert.Contains("\nit is ***\n", plain, StringComparison.Ordinal);
        Assert.Contains("\n***\n", plain, StringComparison.Ordinal);
        Assert.Contains("\"data\":\"***\"", json, StringComparison.Ordinal);
        Assert.DoesNotContain("horse", plain + json, StringComparison.Ordinal);
        Assert.DoesNotContain("horse", await space.SucceedAsync("image", "inspect", "app:failed") + await space.SucceedAsync("image", "history", "app:failed"), StringComparison.Ordinal);
        await TraceFinder.AssertForgottenAsync(space.StateRoot, "horse", "staple");
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_killed_build_leaves_no_secret_once_the_next_command_has_run()
    {
        await space.WithBusyboxAsync();
        var file = space.Write("pw", Password);
        var kleenefile = "FROM busybox\nRUN --mount=type=secret,id=pw,env=PW --mount=type=secret,id=pw echo started; sleep 1000\n";
        var context = space.Context(kleenefile);

        await space.SignalledAsync(context, "KILL", "started", "--secret", $"id=pw,src={file}");
        await TraceFinder.AssertNoTraceAsync(space.StateRoot, "horse");
        await space.AssertCleanAsync();

        await TraceFinder.AssertForgottenAsync(space.StateRoot, "horse");
    }

    [JailFact]
    public async Task Another_value_of_a_secret_is_no_reason_to_run_a_step_again()
    {
        await space.WithBusyboxAsync();
        var file = space.Write("pw", "one two three");
        var context = space.Context("FROM busybox\nRUN --mount=type=secret,id=pw wc -c < /run/secrets/pw > /size\n");

        await space.BuildAsync(context, "app", "--secret", $"id=pw,src={file}");
        space.Write("pw", "four");
        var again = await space.BuildAsync(context, "app", "--secret", $"id=pw,src={file}");
        var without = await space.BuildAsync(context, "app");

        Assert.Contains("--> Using cache", again, StringComparison.Ordinal);
        Assert.Contains("--> Using cache", without, StringComparison.Ordinal);
        Assert.Equal("13\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/size"));
    }

    [JailFact]
    public async Task Secrets_come_from_files_and_variables_in_all_forms_of_buildx()
    {
        await space.WithBusyboxAsync();
        var file = space.Write("from file", "from file");
        var context = space.Context(
            "FROM busybox\n"
            + string.Concat(((string[])["a", "b", "c", "d", "TOKEN", "e"]).Select(id => $"RUN --mount=type=secret,id={id},required cat /run/secrets/{id} | wc -c >> /sizes\n")));

        var build = space.Command(
            "build", "-q", "-t", "app", "--secret", $"id=a,src={file}", "--secret", $"id=b,source={file},type=file", "--secret", "id=c,env=TOKEN", "--secret",
            "type=env,id=d,src=TOKEN", "--secret", "id=TOKEN", "--secret", $"\"id=e\",\"src={file}\"", context);
        var result = await space.RunAsync(build with { Environment = [.. build.Environment, "TOKEN=from env"] });

        Assert.True(result.Exit.Success, result.Error);
        Assert.Equal("9\n9\n8\n8\n8\n9\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/sizes"));
    }

    [JailFact]
    public async Task A_secret_that_is_missing_matters_only_to_commands_that_require_it()
    {
        await space.WithBusyboxAsync();
        var optional = space.Context("FROM busybox\nRUN --mount=type=secret,id=pw --mount=type=secret,id=pw,env=PW test ! -e /run/secrets/pw -a -z \"$PW\"\n");
        await space.BuildAsync(optional, "app", "--secret", "id=pw,env=NOT_SET_ANYWHERE");
        var required = space.Context("FROM busybox\nRUN true\nRUN --mount=type=secret,id=pw,required=true true\n", "required");

        var missing = await space.FailAsync(1, "build", "--progress", "plain", required);
        var unset = await space.FailAsync(1, "build", "--progress", "plain", "--secret", "id=pw,env=NOT_SET_ANYWHERE", required);

        Assert.Contains("Kleenefile:3", missing, StringComparison.Ordinal);
        Assert.Contains("the command needs the secret 'pw', which it was not given; give it with --secret id=pw,src=FILE or --secret id=pw,env=VARIABLE", missing, StringComparison.Ordinal);
        Assert.Contains("--secret id=pw is to come from the variable 'NOT_SET_ANYWHERE', which is not set", unset, StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task Bytes_that_are_no_text_are_a_file_but_no_variable()
    {
        await space.WithBusyboxAsync();
        await File.WriteAllBytesAsync(space["binary"], [0, 1, 0xff, 0xfe, 10, 13]);
        var file = space.Context("FROM busybox\nRUN --mount=type=secret,id=b busybox od -An -tx1 /run/secrets/b > /hex\n");
        var variable = space.Context("FROM busybox\nRUN --mount=type=secret,id=b,env=B true\n", "variable");

        await space.BuildAsync(file, "app", "--secret", $"id=b,src={space["binary"]}");
        var error = await space.FailAsync(1, "build", "--progress", "plain", "--secret", $"id=b,src={space["binary"]}", variable);

        Assert.Equal(" 00 01 ff fe 0a 0d\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/hex"));
        Assert.Contains("the secret 'b' is not text", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("src=x", "has no id")]
    [InlineData("id=x,src=", "has 'src' without a value")]
    [InlineData("id=x,srk=y", "did you mean 'src'?")]
    [InlineData("id=x,src=y,env=z", "both a file and a variable")]
    [InlineData("id=x,type=vault", "there are 'file' and 'env'")]
    public async Task What_is_no_secret_is_told_before_anything_else(string option, string why)
    {
        var context = space.Context("FROM scratch\n");

        Assert.Contains(why, await space.FailAsync(2, "build", "--secret", option, context), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_missing_or_too_large_is_told()
    {
        var context = space.Context("FROM scratch\n");
        await File.WriteAllBytesAsync(space["large"], new byte[(500 * 1024) + 1]);

        Assert.Contains("there is no such file", await space.FailAsync(1, "build", "--secret", "id=x,src=/no/such", context), StringComparison.Ordinal);
        Assert.Contains("larger than 500 KiB", await space.FailAsync(1, "build", "--secret", $"id=x,src={space["large"]}", context), StringComparison.Ordinal);
    }
}
