using System.Text.Json;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>Every step of an image is a place to go to.</summary>
public sealed class TimeTravelTests : IDisposable
{
    private const string File = """
        FROM busybox
        ARG WHO=world
        WORKDIR /app
        RUN echo "hi $WHO" > a
        RUN --mount=type=cache,target=/cache,id=walk --mount=type=tmpfs,target=/mem --mount=type=secret,id=token echo kept > /cache/x; echo b > b
        USER 7
        ENV MODE=fast
        RUN id -u > /tmp/who
        USER 0
        RUN rm a; chmod 600 b; echo longer > b
        CMD ["cat", "b"]

        """;

    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_step_is_entered_by_its_number_with_all_that_its_command_had()
    {
        await BuildAsync();

        Assert.Equal("/app world 0\n", await space.SucceedAsync("run", "--rm", "app@2", "sh", "-c", "echo $(pwd) $WHO $(id -u) $MODE"));
        Assert.Equal("/app world 7 fast\n", await space.SucceedAsync("run", "--rm", "app@4", "sh", "-c", "echo $(pwd) $WHO $(id -u) $MODE"));
        Assert.Equal("me\n", await space.SucceedAsync("run", "--rm", "-e", "WHO=me", "app@2", "sh", "-c", "echo $WHO"));

        var entered = await space.RunAsync("run", "--rm", "app@3", "sh", "-c", "cat /cache/x b; grep -c ' /mem tmpfs ' /proc/mounts");
        Assert.Equal("kept\nb\n1\n", entered.Output);
        Assert.Equal("note: the step had the secret 'token', which only its build has\n", entered.Error);

        // The image itself has none of it.
        Assert.Equal("longer 0 0\n", await space.SucceedAsync("run", "--rm", "app", "sh", "-c", "echo $(cat b) $(ls /cache | wc -l) ${WHO:-0}"));
    }

    [JailFact]
    public async Task A_number_and_a_snapshot_of_one_step_are_the_same_place()
    {
        await BuildAsync();
        var snapshots = (await space.SucceedAsync("image", "history", "-q", "app")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Empty(await space.SucceedAsync("image", "diff", "app@3", $"app{snapshots[2]}"));
        Assert.Contains("has no step or snapshot '@9'", await space.FailAsync(125, "run", "--rm", "app@9", "true"), StringComparison.Ordinal);
        Assert.Contains("built", await space.BuildAsync(space.Context("FROM app@2\nRUN grep -q hi a && echo built\n", "more"), "more"), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_difference_tells_sizes_and_what_is_other()
    {
        await BuildAsync();

        Assert.Equal("C /app\nD /app/a\nC /app/b\n", await space.SucceedAsync("image", "diff", "app@4", "app@5"));
        using var json = JsonDocument.Parse(await space.SucceedAsync("image", "diff", "--format", "json", "app@4", "app@5"));
        var changed = json.RootElement.EnumerateArray().Single(row => row.GetProperty("path").GetString() == "/app/b");
        Assert.Equal((2, 7), (changed.GetProperty("before").GetInt32(), changed.GetProperty("after").GetInt32()));
        Assert.Equal(["content", "mode, 0644 to 0600"], changed.GetProperty("what").EnumerateArray().Select(what => what.GetString()));
        Assert.Contains("0 added, 2 changed, 1 deleted; -4B", await space.SucceedAsync("image", "diff", "--format", "table", "app@4", "app@5"), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task The_step_that_broke_something_is_found_by_halving()
    {
        await BuildAsync();

        var result = await space.RunAsync("bisect", "app", "--", "test", "-f", "/app/a");

        Assert.Matches(@"^it fails from here on: app:latest@5 \(@[0-9a-f]{12}\) : RUN rm a;", result.Output);
        Assert.InRange(result.Error.Split('\n').Length - 1, 3, 5);
        Assert.StartsWith("it works at the end of app:latest", await space.SucceedAsync("bisect", "app", "--", "true"), StringComparison.Ordinal);
        Assert.StartsWith("it fails everywhere", await space.SucceedAsync("bisect", "app", "--", "no-such-program"), StringComparison.Ordinal);
        await space.AssertCleanAsync();
        Assert.Empty(await space.SucceedAsync("ps", "-aq"));
    }

    [JailFact]
    public async Task A_failed_step_is_repaired_by_hand_and_the_build_goes_on()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN echo first > /first\nRUN test -f /repaired && echo ok > /ok\nRUN cat /first /ok > /all\n");
        await space.FailAsync(1, "build", "-t", "app", context);
        Assert.Contains("nobody has repaired 'app:failed@dirty'", await space.FailAsync(1, "build", "--resume", "-t", "app", context), StringComparison.Ordinal);
        await space.SucceedAsync("run", "--name", "fix", "app:failed@dirty", "sh", "-c", "touch /repaired; echo ok > /ok; mkdir -p /root; printf 'ls -l\\ntouch /repaired\\necho ok > /ok\\nexit\\n' > /root/.ash_history");

        var resumed = await space.RunAsync("build", "--resume", "--progress", "plain", "-t", "app", context);

        Assert.True(resumed.Exit.Success, resumed.Error);
        Assert.Contains("Typed there, by /root/.ash_history, whether or not it worked:\n    ls -l\n    touch /repaired\n    echo ok > /ok\n    exit\n", resumed.Error, StringComparison.Ordinal);
        Assert.Contains("    RUN touch /repaired && \\\n        echo ok > /ok\n", resumed.Error, StringComparison.Ordinal);
        Assert.Contains("    A /repaired\n", resumed.Error, StringComparison.Ordinal);
        Assert.Equal("first\nok\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/all"));
        Assert.Contains("# repaired by hand", await space.SucceedAsync("image", "history", "app"), StringComparison.Ordinal);

        // What was done by hand is no answer to what the Kleenefile asks.
        await space.FailAsync(1, "build", "-t", "app", context);
    }

    [JailFact]
    public async Task A_repair_has_to_fit_the_build_that_goes_on()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN echo first > /first\nRUN false\n");
        await space.FailAsync(1, "build", "-t", "app", context);
        await space.SucceedAsync("run", "--name", "fix", "app:failed@dirty", "true");
        await space.SucceedAsync("run", "--name", "other", "busybox", "true");
        var trees = Directory.GetDirectories(Path.Join(space.StateRoot, "overlay")).Length;

        Assert.Contains("was not made of 'app:failed@dirty'", await space.FailAsync(1, "build", "--resume=other", "-t", "app", context), StringComparison.Ordinal);
        Assert.Contains("--resume needs the name", await space.FailAsync(2, "build", "--resume=fix", context), StringComparison.Ordinal);
        space.Context("FROM busybox\nRUN echo first > /first\nRUN true\n");
        Assert.Contains("is not asked any more", await space.FailAsync(1, "build", "--resume=fix", "-t", "app", context), StringComparison.Ordinal);
        space.Context("FROM busybox\nRUN echo first > /first\nRUN false\n");
        Assert.Contains("this step would run again", await space.FailAsync(1, "build", "--no-cache", "--resume=fix", "-t", "app", context), StringComparison.Ordinal);

        Assert.Equal(trees, Directory.GetDirectories(Path.Join(space.StateRoot, "overlay")).Length);
    }

    private async Task BuildAsync()
    {
        await space.WithBusyboxAsync();
        space.Write("token", "swordfish");
        await space.BuildAsync(space.Context(File), "app", "--secret", $"id=token,src={space["token"]}");
    }
}
