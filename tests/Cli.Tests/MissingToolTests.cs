using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>A host that lacks a program: it is said what to install, what can do without works, and 'system check' knows it beforehand.</summary>
public sealed class MissingToolTests : IAsyncLifetime
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
    public async Task Without_conmon_a_container_ends_with_its_command()
    {
        var detached = await WithoutAsync("conmon", "run", "-d", "--network", "none", "--name", "box", "busybox", "sleep", "1000");
        var attached = await WithoutAsync("conmon", "run", "--rm", "--network", "none", "busybox", "echo", "works");
        var check = await WithoutAsync("conmon", "system", "check");

        Assert.Equal(125, detached.Exit.ShellCode);
        Assert.StartsWith("error: 'conmon', which stays with a container that is to outlive this command, is not in ", detached.Error, StringComparison.Ordinal);
        Assert.Contains("apt-get install conmon", detached.Error, StringComparison.Ordinal);
        Assert.Equal("works\n", attached.Output);
        Assert.Contains("note: 'conmon' is not installed", check.Output, StringComparison.Ordinal);

        // It was made, and can be started as soon as there is one.
        await space.SucceedAsync("start", "box");
        await space.SucceedAsync("rm", "-f", "box");
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task Without_a_runtime_no_container_runs_and_all_else_works()
    {
        var run = await WithoutAsync("crun runc", "run", "--rm", "--network", "none", "busybox", "true");
        var build = await WithoutAsync("crun runc", "build", space.Context("FROM busybox\nRUN true\n"));
        var limited = await WithoutAsync("crun runc", "build", "--no-cache", "--memory", "100m", space["context"]);
        var copy = await WithoutAsync("crun runc", "build", "-t", "copy", space.Context("FROM busybox\nCOPY Kleenefile /\n", "other"));
        var check = await WithoutAsync("crun runc", "system", "check");

        Assert.Equal(125, run.Exit.ShellCode);
        Assert.Contains("crun", run.Error, StringComparison.Ordinal);
        Assert.Contains("install", run.Error, StringComparison.Ordinal);
        Assert.True(build.Exit.Success, build.Error);
        Assert.True(copy.Exit.Success, copy.Error);
        Assert.Equal(1, limited.Exit.ShellCode);
        Assert.Contains("install", limited.Error, StringComparison.Ordinal);
        Assert.Contains("problem: neither 'crun' nor 'runc' is installed", check.Output, StringComparison.Ordinal);
        Assert.Equal(1, check.Exit.ShellCode);
        await space.AssertCleanAsync();
    }

    /// <summary>In a mount namespace of its own, in which the files are not there.</summary>
    private Task<ProcessResult> WithoutAsync(string programs, params string[] words)
    {
        var script = $"""
            mount -t tmpfs tmpfs /mnt && mkdir /mnt/aside /mnt/bin /mnt/sbin
            for i in {programs}; do for d in bin sbin; do mknod /mnt/$d/$i c 0 0; done; done
            for d in bin sbin; do mkdir /mnt/aside/$d; mount -t overlay overlay -o lowerdir=/usr/$d,upperdir=/mnt/$d,workdir=/mnt/aside/$d /usr/$d || exit 99; done
            exec "$@"
            """;
        var command = space.Command(words);
        return space.RunAsync(CommandLine.Of("unshare", ["-m", "--propagation", "private", "sh", "-c", script, "sh", command.Program, .. command.Arguments]));
    }
}
