using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests.Containers;

/// <summary>A container that takes more memory than it may have: whoever runs it is told, and its record says so.</summary>
public sealed class OutOfMemoryTests : IAsyncLifetime
{
    /// <summary>tail(1) keeps what it is asked for.</summary>
    private const string Greedy = "tail -c 200000000 /dev/zero";

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

    [JailTheory]
    [InlineData("exec " + Greedy, 137)]
    [InlineData(Greedy + "; exit 5", 5)]
    public async Task Whoever_runs_it_is_told_also_when_nothing_is_to_stay(string script, int code)
    {
        foreach (var options in (string[][])[["--rm"], []])
        {
            var said = await space.FailAsync(code, ["run", "--name", "box", "--memory", "32m", .. options, "busybox", "sh", "-c", script]);

            Assert.EndsWith("error: the kernel killed a process of 'box', because it was out of memory: it may have 32MiB; give it more with --memory\n", said, StringComparison.Ordinal);
        }

        Assert.Equal($"exited ({code}, out of memory) true\n", await space.SucceedAsync("inspect", "-f", "{{.status}} {{.oomKilled}}", "box"));
        Assert.False(File.Exists("oom"));
        await space.SucceedAsync("rm", "box");
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task One_in_the_background_has_it_in_its_record_until_it_runs_again()
    {
        await space.SucceedAsync("run", "-d", "--name", "box", "--memory", "32m", "busybox", "sh", "-c", $"[ -e /well ] || exec {Greedy}; exec sleep 1000");
        Assert.Equal("137\n", await space.SucceedAsync("wait", "box"));
        Assert.Equal("exited (137, out of memory) true\n", await space.SucceedAsync("inspect", "-f", "{{.status}} {{.oomKilled}}", "box"));
        Assert.Equal("exited (137, out of memory)\n", await space.SucceedAsync("ps", "-a", "--format", "{{.status}}"));

        space.Write("well", "");
        await space.SucceedAsync("cp", space["well"], "box:/well");
        await space.SucceedAsync("start", "box");

        Assert.Equal("running false\n", await space.SucceedAsync("inspect", "-f", "{{.status}} {{.oomKilled}}", "box"));
        await space.SucceedAsync("kill", "box");
        Assert.Equal("137\n", await space.SucceedAsync("wait", "box"));
        Assert.Equal("exited (137) false\n", await space.SucceedAsync("inspect", "-f", "{{.status}} {{.oomKilled}}", "box"));
        await space.SucceedAsync("rm", "box");
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task One_with_a_limit_that_it_does_not_reach_is_as_any_other()
    {
        var result = await space.RunAsync("run", "--rm", "-i", "--memory", "64m", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3");

        Assert.Equal(("out\n", "err\n", 3), (result.Output, result.Error, result.Exit.ShellCode));
        await space.AssertCleanAsync();
    }
}
