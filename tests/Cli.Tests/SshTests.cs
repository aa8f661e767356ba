using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>Agents in builds, with the host's own ssh-add carried into the image to ask them.</summary>
public sealed class SshTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_key_answers_in_the_jail_whoever_the_user_is_and_leaves_nothing()
    {
        var key = await PrepareAsync();
        var context = Context(
            """
            FROM base
            RUN --mount=type=ssh,required test -S "$SSH_AUTH_SOCK" && ssh-add -l && echo "at $SSH_AUTH_SOCK"
            USER 1000:1000
            RUN --mount=type=ssh,id=git,target=/tmp/agent,uid=1000,mode=0600 SSH_AUTH_SOCK=/tmp/agent ssh-add -L
            RUN --mount=type=ssh,id=other test -z "$SSH_AUTH_SOCK"

            """);

        var said = await space.BuildAsync(context, "app", "--ssh", $"default={key}", "--ssh", $"git={key}");

        var publicKey = (await File.ReadAllTextAsync(key + ".pub")).Split(' ')[1];
        Assert.Contains("(ED25519)\nat /run/buildkit/ssh_agent.0\n", said, StringComparison.Ordinal);
        Assert.Contains(publicKey, said, StringComparison.Ordinal);
        Assert.DoesNotContain("run\n", await space.SucceedAsync("run", "--rm", "app", "/bin/busybox", "ls", "/"), StringComparison.Ordinal);
        await TraceFinder.AssertNoTraceAsync(space.StateRoot, "OPENSSH PRIVATE KEY-----\nb3Bl");
        await space.AssertCleanAsync();
        Assert.Empty(Directory.EnumerateDirectories(Path.GetTempPath(), "kleene-agent-*"));
    }

    [JailFact]
    public async Task The_callers_own_agent_is_the_default()
    {
        var key = await PrepareAsync();
        var socket = space["my agent"];
        var context = Context("FROM base\nRUN --mount=type=ssh ssh-add -l > /keys\n");
        var build = space.Command("build", "-q", "-t", "app", "--ssh", "default", context);
        var script = $"export SSH_AUTH_SOCK='{socket}'; pid=$(ssh-agent -a \"$SSH_AUTH_SOCK\" | grep -o 'PID=[0-9]*' | cut -c5-); ssh-add -q '{key}' && {build}; code=$?; kill $pid; exit $code";

        var result = await space.RunAsync(CommandLine.Of("sh", "-c", script));
        var unset = await space.FailAsync(1, "build", "--ssh", "default", context);

        Assert.True(result.Exit.Success, result.Error);
        Assert.Contains("(ED25519)", await space.SucceedAsync("run", "--rm", "app", "/bin/busybox", "cat", "/keys"), StringComparison.Ordinal);
        Assert.Contains("SSH_AUTH_SOCK is not set", unset, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task What_is_missing_is_told()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN --mount=type=ssh,id=git,required true\n");

        Assert.Contains("needs the SSH agent 'git', which it was not given; give it with --ssh git", await space.FailAsync(1, "build", "--progress", "plain", context), StringComparison.Ordinal);
        Assert.Contains("there is no '/no/such'", await space.FailAsync(1, "build", "--ssh", "git=/no/such", context), StringComparison.Ordinal);
        Assert.Contains("the agent does not take", await space.FailAsync(1, "build", "--ssh", $"git={space.Write("no key", "x")}", context), StringComparison.Ordinal);
        Assert.Contains("has no id", await space.FailAsync(2, "build", "--ssh", "=/x", context), StringComparison.Ordinal);
    }

    private string Context(string kleenefile) => space.Context(kleenefile);

    /// <summary>An image that can ask an agent, and a key.</summary>
    private async Task<string> PrepareAsync()
    {
        await space.WithBusyboxAsync();
        var key = space["key $HOME"];
        await space.RunAsync(CommandLine.Of("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key));
        var root = space.MakeDirectory("tools");
        await space.RunAsync(CommandLine.Of("sh", "-c", $"for f in /usr/bin/ssh-add $(ldd /usr/bin/ssh-add | grep -o '/[^ ]*'); do mkdir -p '{root}'$(dirname $f); cp -L $f '{root}'$f; done"));
        await space.RunAsync(CommandLine.Of("cp", "-r", root, space.MakeDirectory("make")));
        await space.BuildAsync(space.Context("FROM busybox\nCOPY tools /\n", "make"), "base");
        return key;
    }
}
