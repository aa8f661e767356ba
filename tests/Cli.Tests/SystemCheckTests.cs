using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>What <c>kleene system check</c> finds that no sweep can know of.</summary>
public sealed class SystemCheckTests : IAsyncLifetime
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
    public async Task A_store_that_is_used_as_usual_is_well()
    {
        await space.BuildAsync(space.Context("FROM busybox\nRUN echo 1 > /one\n"), "app");
        await space.SucceedAsync("run", "-d", "--network", "none", "--name", "box", "app", "sleep", "1000");
        await space.SucceedAsync("volume", "create", "data");

        Assert.Equal("all is well\n", await space.SucceedAsync("system", "check"));
        await space.SucceedAsync("rm", "-f", "box");
        Assert.Equal("all is well\n", await space.SucceedAsync("system", "check"));
    }

    [JailFact]
    public async Task What_belongs_to_nothing_is_removed_and_what_is_used_stays()
    {
        await space.SucceedAsync("create", "--network", "none", "--name", "box", "busybox", "cat", "/etc/passwd");
        space.MakeDirectory("state/overlay/abcdef012345/fs");
        space.Write("state/sessions/00000000000000000000000000000000", "");
        space.Write("state/containers/abcdef012346/log", "of one that is gone");

        var said = await space.SucceedAsync("system", "check");

        Assert.Contains("repaired: tree 'abcdef012345' belonged to nothing; it was removed", said, StringComparison.Ordinal);
        Assert.Contains("repaired: session '00000000000000000000000000000000' was over", said, StringComparison.Ordinal);
        Assert.Contains("repaired: the log of a container that is gone, 'abcdef012346'", said, StringComparison.Ordinal);
        Assert.EndsWith("3 repaired, 0 not\n", said, StringComparison.Ordinal);
        Assert.False(Directory.Exists(space["state/overlay/abcdef012345"]));
        Assert.Equal("all is well\n", await space.SucceedAsync("system", "check"));
        Assert.StartsWith("root:", await space.SucceedAsync("start", "-a", "box"), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_container_without_its_supervisor_is_ended()
    {
        var id = (await space.SucceedAsync("run", "-d", "--network", "none", "--name", "box", "busybox", "sleep", "1000")).Trim();
        await space.RunAsync(CommandLine.Of("pkill", "-KILL", "-f", $"conmon.*--cid {id}"));
        Assert.Contains("running", await space.SucceedAsync("ps"), StringComparison.Ordinal);

        var said = await space.SucceedAsync("system", "check");

        Assert.Contains("repaired: container 'box' ran on without a supervisor", said, StringComparison.Ordinal);
        Assert.Equal("exited\n", await space.SucceedAsync("inspect", "-f", "{{.state}}", "box"));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_snapshot_whose_files_are_gone_is_told_and_its_step_runs_again()
    {
        var context = space.Context("FROM busybox\nRUN echo 1 > /one\n");
        await space.BuildAsync(context, "app");
        using (var database = new StateReader(space.StateRoot))
        {
            var step = database.First("snapshot", "image_steps");
            space.Shell($"rm -rf state/overlay/{step}");
        }

        var said = await space.RunAsync("system", "check");

        Assert.Equal(1, said.Exit.ShellCode);
        Assert.Contains("problem: the files of snapshot '@", said.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Using cache", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
        Assert.Equal("1\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/one"));
    }
}
