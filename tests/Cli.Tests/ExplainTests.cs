using System.Text.Json;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

public sealed class ExplainTests : IDisposable
{
    private const string File = "FROM busybox\nARG COMMIT=none\nCOPY src /src\nRUN cat /src/* > /out; echo \"printed $COMMIT\"; echo quietly >&2\n";

    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task Why_a_step_ran_is_told_with_the_file_its_commit_and_its_author()
    {
        var context = await PrepareAsync();
        space.Shell("cd context; git init -q .; git add -A; git -c user.name='Ann O' -c user.email=a@x commit -qm 'first words'");
        await space.BuildAsync(context, "app");
        space.Shell("cd context; echo b2 >> src/b; git -c user.name='Bob' -c user.email=b@x commit -qam 'second words'; echo new > src/c");
        await space.BuildAsync(context, "app");

        var text = await space.SucceedAsync("explain", "--blame");

        Assert.Contains("because files of the build context changed: 1 added, 1 changed", text, StringComparison.Ordinal);
        Assert.Matches(@"changed +src/b \(content, 2B to 5B\)  [0-9a-f]+ by Bob, \d{4}-\d\d-\d\d: second words", text);
        Assert.Matches(@"added +src/c \(4B\)  not committed yet", text);
        Assert.Contains("because step 1 is another: files of the build context changed", text, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task An_explanation_for_programs_has_the_root_of_every_step_that_ran()
    {
        var context = await PrepareAsync();
        await space.BuildAsync(context, "app");
        space.Write("context/src/b", "other");
        await space.BuildAsync(context, "app");

        using var json = JsonDocument.Parse(await space.SucceedAsync("explain", "app", "--format", "json"));

        var steps = json.RootElement.GetProperty("steps");
        var cause = steps[1].GetProperty("cause");
        Assert.Equal(("followed", 1), (cause.GetProperty("kind").GetString(), cause.GetProperty("root_step").GetInt32()));
        var file = cause.GetProperty("root").GetProperty("changes")[0].GetProperty("files")[0];
        Assert.Equal(("src/b", "changed", 2, 5), (file.GetProperty("path").GetString(), file.GetProperty("change").GetString(), file.GetProperty("before").GetProperty("size").GetInt32(), file.GetProperty("after").GetProperty("size").GetInt32()));
        Assert.True(steps[1].GetProperty("duration_ms").GetInt64() > 0);
    }

    [JailFact]
    public async Task A_build_that_expects_everything_cached_fails_with_the_reason_and_runs_nothing()
    {
        var context = await PrepareAsync();
        await space.BuildAsync(context, "app");
        var image = await space.SucceedAsync("build", "-q", "--expect-cached", "-t", "app", context);

        var said = await space.FailAsync(1, "build", "--expect-cached", "--build-arg", "COMMIT=1", "-t", "app", context);

        Assert.Contains("error: 1 step would run, and everything was expected to be cached", said, StringComparison.Ordinal);
        Assert.Contains("--build-arg COMMIT (ARG at Kleenefile:2) changed from 'none' to '1'", said, StringComparison.Ordinal);
        Assert.Equal(image.Trim()[..12], (await space.SucceedAsync("image", "ls", "-q")).Split('\n').First(id => image.Contains(id, StringComparison.Ordinal)));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_dry_run_says_what_a_build_would_run_and_leaves_no_trace()
    {
        var context = await PrepareAsync();
        await space.BuildAsync(context, "app");
        space.Write("context/src/b", "other");
        var builds = await space.SucceedAsync("builds", "ls", "-q");

        var text = await space.SucceedAsync("plan", "--dry-run", "-t", "app", context);

        Assert.Equal(2, text.Split("  would run, because").Length - 1);
        Assert.Contains("src/b (content, 2B to 5B)", text, StringComparison.Ordinal);
        Assert.Equal(builds, await space.SucceedAsync("builds", "ls", "-q"));
    }

    [JailFact]
    public async Task Builds_are_listed_shown_and_forgotten_and_their_logs_too()
    {
        var context = await PrepareAsync();
        await space.BuildAsync(context, "app");
        await space.BuildAsync(context, "app");
        var ids = (await space.SucceedAsync("builds", "ls", "-q")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        var log = await space.RunAsync("builds", "logs", ids[1]);
        using var json = JsonDocument.Parse(await space.SucceedAsync("builds", "inspect", "--files", ids[1]));
        await space.FailAsync(2, "builds", "rm");
        await space.SucceedAsync("builds", "rm", ids[1][..8]);

        Assert.Equal("Step 2/2 : RUN cat /src/* > /out; echo \"printed $COMMIT\"; echo quietly >&2\nprinted none\n", log.Output);
        Assert.Equal("quietly\n", log.Error);
        var step = json.RootElement[0].GetProperty("history")[0];
        Assert.Equal("src/a", step.GetProperty("inputs").EnumerateArray().Single(input => input.GetProperty("name").GetString() == "files").GetProperty("files")[0].GetProperty("path").GetString());
        Assert.StartsWith("@", step.GetProperty("snapshot").GetString(), StringComparison.Ordinal);
        Assert.Equal([ids[0]], (await space.SucceedAsync("builds", "ls", "-q")).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Empty(Directory.GetFiles(Path.Join(space.StateRoot, "builds")));
        Assert.Contains("there is no build", await space.FailAsync(1, "builds", "logs", ids[1]), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_build_that_was_killed_is_known_as_such_and_its_log_is_there()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN echo begun; sleep 60\n");

        await space.SignalledAsync(context, "KILL", "begun");

        Assert.Equal("killed", (await space.SucceedAsync("builds", "ls", "--format", "{{.state}}")).Trim());
        Assert.Contains("all is well", await space.SucceedAsync("system", "check"), StringComparison.Ordinal);
        space.Write("state/builds/0123456789ab", "1 O nobody's\n");
        Assert.Contains("the log of a build that is forgotten, '0123456789ab', was removed", await space.SucceedAsync("system", "check"), StringComparison.Ordinal);
        await space.SucceedAsync("builds", "rm", "--all");
    }

    private async Task<string> PrepareAsync()
    {
        await space.WithBusyboxAsync();
        space.Write("context/src/a", "a");
        space.Write("context/src/b", "b\n");
        return space.Context(File);
    }
}
