using System.Runtime.CompilerServices;
using System.Text;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Approvals;

namespace Kleene.Build.Cli.Tests.FreeBsd;

/// <summary>The twins of the walk that go wrong: what is said, what is taken down, and that nothing is left. The tools fail in the words that FreeBSD 13.2 was heard to say.</summary>
[Collection(FreeBsdSpace.Collection)]
public sealed class FreeBsdFailureTests
{
    [RootFact]
    public async Task Whatever_fails_is_told_and_leaves_nothing()
    {
        await using var space = await new FreeBsdSpace().WithBaseAsync();
        await space.SucceedAsync("network", "create", "-t", "bridge", "--subnet", "10.13.37.0/24", "lab");
        space.Machine.Clear();
        var story = new StringBuilder();

        await FailsAsync("a parameter that jail(8) does not know", 125, ["run", "--rm", "-l", "host", "-J", "nosuch.param=1", "base", "make"]);

        space.Machine.Fail(["/usr/sbin/jail", "-c"], command => Says($"jail: {command.Arguments[^1]}: path /nosuch: No such file or directory"));
        await FailsAsync("the tree has gone", 125, ["run", "--rm", "-l", "host", "base", "make"]);

        space.Machine.Fail(["/usr/sbin/jail", "-c"], command => Says($"jail: \"{command.Arguments[^1]}\" already exists"));
        await FailsAsync("another jail has the name", 125, ["run", "--rm", "-l", "host", "base", "make"]);

        space.Machine.Fail(["/sbin/mount_nullfs", "/rescue"], 64, "mount_nullfs: /rescue: No such file or directory\n");
        await FailsAsync("the host has no /rescue", 125, ["run", "--rm", "-l", "host", "base", "make"]);

        space.Machine.Fail(["/usr/sbin/jexec"], 1, "jexec: execvp: make: No such file or directory\n");
        await FailsAsync("the command vanishes in the last moment", 127, ["run", "-d", "-l", "host", "base", "make"], expected: 0);
        await space.Machine.SettleAsync();

        space.Machine.Fail(["/usr/sbin/jail", "-f", "-r"], 1, "jail: /bin/sh /etc/rc.shutdown: failed\n");
        await FailsAsync("the container's own shutdown fails", 0, ["run", "-d", "-l", "host", "base", "make"]);

        space.Machine.CountsResources = false;
        await FailsAsync("limits, and a kernel that does not count", 125, ["run", "--rm", "-l", "host", "--memory", "64m", "base", "make"]);
        space.Machine.CountsResources = true;

        await FailsAsync("a limit that there is none for", 125, ["run", "--rm", "-l", "host", "--cpuset-cpus", "0", "base", "make"]);
        await FailsAsync("a grant in Linux's words", 125, ["run", "--rm", "-l", "host", "--cap-add", "NET_ADMIN", "base", "make"]);

        space.Machine.Fail(["/sbin/pfctl", "-f"], 1, "stdin:2: syntax error\npfctl: Syntax error in config file: pf rules not loaded\n");
        await FailsAsync("pf refuses the rules", 125, ["run", "--rm", "-l", "vnet", "-n", "lab", "base", "make"]);

        space.Machine.Fail(["/sbin/ifconfig", "epair", "create"], 1, "ifconfig: SIOCIFCREATE2 (epair): No space left on device\n");
        await FailsAsync("no pair of interfaces is left", 125, ["run", "--rm", "-l", "vnet", "-n", "lab", "base", "make"]);

        await space.SucceedAsync("create", "--name", "web", "-l", "host", "base");
        space.Machine.Clear();
        space.Machine.Fail(["/sbin/zfs", "destroy"], command => Says($"cannot destroy '{command.Arguments[^1]}': filesystem has dependent clones\nuse '-R' to destroy the following datasets:\ntank/mine"));
        await FailsAsync("somebody has cloned the container's dataset", 1, ["rm", "web"]);

        Approved.Matches(story.ToString(), Beside("failures.approved.txt"));

        async Task FailsAsync(string what, int code, string[] words, int? expected = null)
        {
            var said = await space.FailAsync(expected ?? code, words);
            await space.Machine.SettleAsync();
            Assert.Empty(space.Machine.Remains);
            story.Append(System.Globalization.CultureInfo.InvariantCulture, $"## {what}\n{space.Transcript().TrimStart()}{space.Stable(said)}\n");
            space.Machine.Clear();
        }
    }

    [RootFact]
    public async Task A_dataset_that_is_busy_for_a_moment_is_waited_for()
    {
        await using var space = await new FreeBsdSpace().WithBaseAsync();
        for (var i = 0; i < 3; i++)
        {
            space.Machine.Fail(["/sbin/zfs", "unmount"], command => Says($"cannot unmount '{space.StateRoot}/zfs/{command.Arguments[^1].Split('/')[^1]}': pool or dataset is busy"));
        }

        await space.SucceedAsync("build", "-t", "app", "--network", "host", "--allow", "network.host", space.Context("FROM base\nRUN make\n"));

        Assert.Empty(space.Machine.Remains);
        Assert.Equal(4, space.Transcript().Split('\n').Count(line => line.Contains("zfs unmount", StringComparison.Ordinal)));
    }

    [RootFact]
    public async Task Limits_hold_from_before_the_first_process_until_the_jail_has_gone()
    {
        await using var space = await new FreeBsdSpace().WithBaseAsync();

        await space.SucceedAsync("run", "--rm", "-l", "host", "--memory", "64m", "--cpus", "1.5", "--pids-limit", "10", "base", "make");

        var rules = space.Transcript().Split('\n').Where(line => line.Contains("rctl", StringComparison.Ordinal) || line.Contains("jail -f", StringComparison.Ordinal) || line.Contains("jexec", StringComparison.Ordinal));
        Assert.Equal(
            """
            $ /usr/bin/rctl -a jail:aaaaaaaaaaa0:memoryuse:sigkill=67108864
            $ /usr/bin/rctl -a jail:aaaaaaaaaaa0:pcpu:deny=150
            $ /usr/bin/rctl -a jail:aaaaaaaaaaa0:maxproc:deny=10
            $ /usr/sbin/jail -f /var/lib/kleene/jails/aaaaaaaaaaa0/jail.conf -c aaaaaaaaaaa0
            $ /usr/sbin/jexec aaaaaaaaaaa0 make
            $ /usr/sbin/jail -f /var/lib/kleene/jails/aaaaaaaaaaa0/jail.conf -r aaaaaaaaaaa0
            $ /usr/bin/rctl -r jail:aaaaaaaaaaa0
            """,
            string.Join('\n', rules));
        Assert.Empty(space.Machine.Remains);
    }

    [RootFact]
    public async Task A_link_in_the_image_leads_no_mount_out_of_it()
    {
        await using var space = await new FreeBsdSpace().WithBaseAsync();
        Directory.CreateSymbolicLink(space["base/data"], "/etc");
        await space.SucceedAsync("image", "create", "-t", "evil", "dir", space["base"]);
        space.Write("outside/file", "x");

        await space.SucceedAsync("run", "--rm", "-l", "host", "-v", $"{space["outside"]}:/data/in", "evil", "make");

        var mounts = space.Transcript().Split('\n').Where(line => line.Contains("mount_nullfs", StringComparison.Ordinal)).ToList();
        Assert.Contains("$ /sbin/mount_nullfs /home/ann/outside /var/lib/kleene/zfs/", mounts[^1], StringComparison.Ordinal);
        Assert.EndsWith("/etc/in", mounts[^1], StringComparison.Ordinal);
        Assert.False(Directory.Exists("/etc/in"));
    }

    private static ProcessResult Says(string error) => new(new ExitStatus(1), "", error + "\n");

    private static string Beside(string name, [CallerFilePath] string path = "") => Path.Join(Path.GetDirectoryName(path), "testdata", name);
}
