using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

public sealed class CommitTests : IAsyncLifetime
{
    private readonly KleeneSpace space = new();

    public async Task InitializeAsync()
    {
        if (new JailFactAttribute().Skip is null)
        {
            await space.WithBusyboxAsync();
        }
    }

    public Task DisposeAsync()
    {
        space.Dispose();
        return Task.CompletedTask;
    }

    [JailFact]
    public async Task A_container_that_has_ended_becomes_an_image_and_stays_what_it_is()
    {
        await space.BuildAsync(space.Context("FROM busybox\nRUN echo built > /built\nENTRYPOINT [\"sh\", \"-c\"]\nCMD [\"cat /built\"]\nENV A=1\n"), "app");
        await space.SucceedAsync("run", "--name", "box", "-e", "B=2", "-w", "/tmp", "-v", "data:/data", "app", "echo new > /new; rm /built; echo v > /data/v");

        var id = (await space.SucceedAsync("commit", "-a", "Ada <ada@example.org>", "-m", "as it was", "-c", "LABEL who=\"me and you\"", "-c", "CMD [\"echo $A$B; cat /new; ls /data; pwd\"]", "box", "made:1")).Trim();
        await space.SucceedAsync("rm", "box");

        Assert.Equal("12\nnew\n/tmp\n", await space.SucceedAsync("run", "--rm", "made:1"));
        Assert.Equal("D /built\nA /new\n", await space.SucceedAsync("image", "diff", "app", id));
        Assert.Equal("RUN echo built > /built\ncommit box: as it was\n", await space.SucceedAsync("image", "history", "--format", "{{.text}}", "made:1"));
        var config = await space.SucceedAsync("image", "inspect", "made:1");
        Assert.Contains("me and you", config, StringComparison.Ordinal);
        Assert.Contains("Ada", config, StringComparison.Ordinal);
        await space.BuildAsync(space.Context("FROM made:1\nRUN cat /new > /again\n"), "child");
        Assert.Equal("new\n", await space.SucceedAsync("run", "--rm", "--entrypoint", "cat", "child", "/again"));
        await space.SucceedAsync("image", "rm", "child");
        await space.SucceedAsync("image", "rm", "made:1");
        await space.AssertCleanAsync();
    }

    [JailTheory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task A_container_that_runs_goes_on_afterwards(string pauses)
    {
        // What is not paused and written to at the very moment is an error, and rightly so.
        var pause = pauses == "true" ? 1_000 : 300_000;
        var run = space.RunAsync("run", "--name", "box", "busybox", "sh", "-c", $"trap 'exit 3' TERM; i=0; while :; do echo $((i=i+1)) > /count; usleep {pause}; done");
        while (!(await space.RunAsync("exec", "box", "test", "-e", "/count")).Exit.Success)
        {
            Assert.False(run.IsCompleted);
        }

        await space.SucceedAsync("commit", $"--pause={pauses}", "box", "made");
        var before = await space.SucceedAsync("exec", "box", "cat", "/count");
        while (await space.SucceedAsync("exec", "box", "cat", "/count") == before)
        {
            // It counts on.
        }

        await space.SucceedAsync("stop", "box");
        Assert.Equal(3, (await run).Exit.ShellCode);
        Assert.Equal("A /count\n", await space.SucceedAsync("image", "diff", "busybox", "made"));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task What_a_killed_commit_stopped_goes_on_with_the_next_command()
    {
        var run = space.RunAsync("run", "--name", "box", "busybox", "sh", "-c", "trap 'exit 3' TERM; busybox dd if=/dev/zero of=/large bs=1M count=64 2> /dev/null; i=0; while :; do echo $((i=i+1)) > /count; usleep 1000; done");
        while (!(await space.RunAsync("exec", "box", "test", "-e", "/count")).Exit.Success)
        {
            Assert.False(run.IsCompleted);
        }

        // Killed as soon as the database says that it stops the container.
        var commit = space.RunAsync(CommandLine.Of("bash", "-c", $"echo $$ > '{space["pid"]}'; exec {space.Command("commit", "box", "made")}"));
        while (!commit.IsCompleted)
        {
            using var database = new StateReader(space.StateRoot);
            if (database.Count("facts WHERE name >= 'frozen ' AND name < 'frozen!'") > 0)
            {
                space.Shell($"kill -9 $(cat '{space["pid"]}') 2> /dev/null || true");
                break;
            }
        }

        await commit;
        await space.SucceedAsync("ps", "-q");
        var before = await space.SucceedAsync("exec", "box", "cat", "/count");
        while (await space.SucceedAsync("exec", "box", "cat", "/count") == before)
        {
            // It counts on.
        }

        await space.SucceedAsync("stop", "box");
        Assert.Equal(3, (await run).Exit.ShellCode);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task What_cannot_be_is_told_before_anything_is_made()
    {
        await space.SucceedAsync("run", "--name", "box", "busybox", "true");

        Assert.Contains("--change 'RUN true': 'RUN' does not change the configuration alone", await space.FailAsync(2, "commit", "-c", "RUN true", "box"), StringComparison.Ordinal);
        Assert.Contains("did you mean 'EXPOSE'?", await space.FailAsync(2, "commit", "-c", "EXPOSED 80", "box"), StringComparison.Ordinal);
        Assert.Contains("--change 'EXPOSE x'", await space.FailAsync(2, "commit", "-c", "EXPOSE x", "box"), StringComparison.Ordinal);
        Assert.Contains("more than one line", await space.FailAsync(2, "commit", "-c", "ENV A=1\nRUN true", "box"), StringComparison.Ordinal);
        Assert.Contains("is not an image reference", await space.FailAsync(2, "commit", "box", "Not A Name"), StringComparison.Ordinal);
        Assert.Contains("there is no container 'bax'", await space.FailAsync(1, "commit", "bax"), StringComparison.Ordinal);
        Assert.Equal("busybox\n", await space.SucceedAsync("image", "ls", "--format", "{{.name}}"));
        await space.AssertCleanAsync();
    }
}
