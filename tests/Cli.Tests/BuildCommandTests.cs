using System.Text.Json;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

public sealed class BuildCommandTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_build_says_what_it_does_and_ends_with_the_id()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nENV WHO='big world'\nRUN echo \"hello, $WHO\" | tee /said\nWORKDIR /srv\nCMD [\"cat\", \"/said\"]\n");

        var result = await space.RunAsync("build", "--progress", "plain", "-t", "app", context);

        Assert.Equal(
            [
                "Step 1/2 : RUN echo \"hello, $WHO\" | tee /said", "hello, big world", "--> Snapshot created: @ID",
                "Step 2/2 : WORKDIR /srv", "--> Snapshot created: @ID", "image created",
            ],
            WithoutIds(result.Error));
        Assert.Matches("^[0-9a-f]{12}\n$", result.Output);
        Assert.Equal("hello, big world\n", await space.SucceedAsync("run", "--rm", "app"));
        Assert.Equal("/srv\n", await space.SucceedAsync("run", "--rm", "app", "pwd"));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task The_second_build_uses_the_cache_and_gives_the_same_id()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN echo 1 > /one\nRUN echo 2 > /two\n");
        var first = await space.SucceedAsync("build", "-q", "-t", "app", context);

        var result = await space.RunAsync("build", "--progress", "plain", "-t", "app", context);

        Assert.Equal(["Step 1/2 : RUN echo 1 > /one", "--> Using cache @ID", "Step 2/2 : RUN echo 2 > /two", "--> Using cache @ID", "image created"], WithoutIds(result.Error));
        Assert.Equal(first, result.Output);
    }

    [JailFact]
    public async Task A_changed_file_runs_the_copy_and_what_follows()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN echo tools > /tools\nCOPY src /src\nRUN cat /src/a\n");
        space.Write("context/src/a", "one\n");
        await space.BuildAsync(context, "app");
        space.Write("context/src/a", "two\n");

        var told = await space.BuildAsync(context, "app");

        Assert.Equal(
            [
                "Step 1/3 : RUN echo tools > /tools", "--> Using cache @ID", "Step 2/3 : COPY src /src", "--> Snapshot created: @ID",
                "Step 3/3 : RUN cat /src/a", "two", "--> Snapshot created: @ID", "image created",
            ],
            WithoutIds(told));
    }

    [JailFact]
    public async Task A_touched_file_changes_nothing()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nCOPY src /src\n");
        File.SetLastWriteTimeUtc(space.Write("context/src/a", "one\n"), DateTime.UtcNow.AddDays(-1));
        await space.BuildAsync(context, "app");
        File.SetLastWriteTimeUtc(space["context/src/a"], DateTime.UtcNow);

        Assert.Contains("--> Using cache", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task Several_stages_give_only_the_last_one_s_files()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox AS make\nRUN mkdir /out && echo made > /out/it && echo waste > /waste\nFROM busybox\nCOPY --from=make /out/ /got/\nCOPY --from=0 /out/it /it\n");

        await space.BuildAsync(context, "app");

        Assert.Equal("made\nmade\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/got/it", "/it"));
        Assert.Equal("1\n", await space.SucceedAsync("run", "--rm", "app", "sh", "-c", "test -e /waste; echo $?"));
    }

    [JailFact]
    public async Task Json_progress_is_one_object_a_line_with_the_contract_s_names()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN echo '\"quoted\"'; echo err >&2\n");

        var result = await space.RunAsync("build", "--progress", "json", context);

        var events = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(
            ["build.started", "step.started", "step.output", "step.output", "step.completed", "build.completed"],
            events.Select(happened => happened.GetProperty("type").GetString()));
        Assert.All(events, happened => Assert.True(happened.GetProperty("time").TryGetDateTimeOffset(out _)));
        var outputs = events.Where(happened => happened.GetProperty("type").GetString() == "step.output")
            .Select(happened => (happened.GetProperty("stream").GetString(), happened.GetProperty("data").GetString())).Order();
        Assert.Equal([("stderr", "err"), ("stdout", "\"quoted\"")], outputs);
        Assert.Matches("^[0-9a-f]{12}$", events[^2].GetProperty("snapshot").GetString());
        Assert.Equal(result.Output.Trim(), events[^1].GetProperty("image").GetString());
    }

    [JailFact]
    public async Task A_failed_build_can_be_entered_as_it_was()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN echo good > /good\nRUN echo half > /half; exit 7\n");

        var said = await space.FailAsync(1, "build", "--progress", "plain", "-t", "app:1", context);

        Assert.Contains("error: Kleenefile:3: RUN echo half > /half; exit 7: the command exited with code 7", said, StringComparison.Ordinal);
        Assert.Matches("Failed to build image [0-9a-f]{12}\\. Most recent snapshot is @[0-9a-f]{12}", said);
        Assert.Equal("good\n", await space.SucceedAsync("run", "--rm", "app:failed", "cat", "/good"));
        Assert.Equal("1\n", await space.SucceedAsync("run", "--rm", "app:failed", "sh", "-c", "test -e /half; echo $?"));
        Assert.Equal("half\n", await space.SucceedAsync("run", "--rm", "app:failed@dirty", "cat", "/half"));
        await space.FailAsync(125, "run", "--rm", "app:1", "true");
    }

    [JailFact]
    public async Task Any_step_of_an_image_can_be_entered()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN echo 1 > /one\nRUN echo 2 > /two\n");
        await space.BuildAsync(context, "app");
        var snapshots = (await space.SucceedAsync("image", "history", "--format", "{{.snapshot}}", "app")).Split('\n');

        Assert.Equal("0 1\n", await space.SucceedAsync("run", "--rm", "app" + snapshots[0], "sh", "-c", "test -e /one; a=$?; test -e /two; echo $a $?"));
        Assert.Equal("0 0\n", await space.SucceedAsync("run", "--rm", "app" + snapshots[1], "sh", "-c", "test -e /one; a=$?; test -e /two; echo $a $?"));
    }

    [JailFact]
    public async Task Build_arguments_targets_labels_and_the_id_file_do_what_they_say()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox AS one\nARG WHO=nobody\nRUN echo $WHO > /who\nFROM busybox\nRUN false\n");

        await space.BuildAsync(context, "app", "--target", "one", "--build-arg", "WHO=me", "--label", "a=b c", "--iidfile", space["id"]);

        Assert.Equal("me\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/who"));
        using var inspected = JsonDocument.Parse(await space.SucceedAsync("image", "inspect", "app"));
        Assert.Equal("b c", inspected.RootElement[0].GetProperty("config").GetProperty("Labels").GetProperty("a").GetString());
        Assert.Equal(await File.ReadAllTextAsync(space["id"]), inspected.RootElement[0].GetProperty("id").GetString());
    }

    [JailFact]
    public async Task A_kleenefile_may_come_from_the_standard_input()
    {
        await space.WithBusyboxAsync();
        var command = space.Command("build", "-q", "-t", "app", "-") with { Input = "FROM busybox\nRUN echo in > /in\n"u8.ToArray() };

        var result = await space.RunAsync(command);

        Assert.True(result.Exit.Success, result.Error);
        Assert.Equal("in\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/in"));
    }

    [JailFact]
    public async Task The_name_it_is_called_by_is_the_verb()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN echo 1 > /one\n");
        File.CreateSymbolicLink(space["kleene-build"], KleeneSpace.Binary);
        File.CreateSymbolicLink(space["kleene-run"], KleeneSpace.Binary);

        var built = await space.RunAsync(space.Command("-q", "-t", "app", context) with { Program = space["kleene-build"] });
        var ran = await space.RunAsync(space.Command("--rm", "app", "cat", "/one") with { Program = space["kleene-run"] });

        Assert.True(built.Exit.Success, built.Error);
        Assert.Equal("1\n", ran.Output);
    }

    [JailFact]
    public async Task Two_hundred_steps_are_not_too_many()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\n" + string.Concat(Enumerable.Range(1, 210).Select(i => $"RUN echo {i} > /last; echo {i} > /f{i}\n")));

        await space.BuildAsync(context, "app");

        Assert.Equal("210\n1\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/last", "/f1"));
        Assert.DoesNotContain("--> Snapshot created", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task The_tree_has_no_trace_of_the_jail()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN true\n");

        await space.BuildAsync(context, "app");

        var diff = Directory.GetDirectories(Path.Join(space.StateRoot, "overlay")).Select(layer => Path.Join(layer, "fs")).Where(Directory.Exists)
            .Select(layer => Directory.EnumerateFileSystemEntries(layer, "*", SearchOption.AllDirectories).Count()).Min();
        Assert.Equal("etc/group\netc/passwd\n", await space.SucceedAsync("run", "--rm", "--entrypoint", "", "app", "sh", "-c", "cd /; ls -d etc/group etc/passwd"));
        Assert.True(diff <= 1, "at most /etc itself may have been copied up");
    }

    private static IEnumerable<string> WithoutIds(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => System.Text.RegularExpressions.Regex.Replace(line, "@[0-9a-f]{12}", "@ID"));
}
