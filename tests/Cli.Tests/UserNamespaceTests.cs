using System.Globalization;
using Kleene.Build.Testing.Storage;

namespace Kleene.Build.Cli.Tests;

/// <summary><c>--userns=auto</c>: the superuser of a container is nobody on the host, and its files are its own all the same.</summary>
public sealed class UserNamespaceTests(BtrfsFileSystem btrfs) : IClassFixture<BtrfsFileSystem>
{
    [Fact]
    public async Task Its_superuser_is_nobody_on_the_host_and_its_files_are_its_own()
    {
        using var space = await new KleeneSpace().WithBusyboxAsync();
        await WalkAsync(space);
    }

    [BtrfsFact]
    public async Task The_same_on_btrfs()
    {
        using var space = await new KleeneSpace { Storage = "btrfs", Root = btrfs.NewDirectory() }.WithBusyboxAsync();
        await WalkAsync(space);
    }

    [Fact]
    public async Task Two_containers_have_different_users_and_share_a_volume()
    {
        using var space = await new KleeneSpace().WithBusyboxAsync();
        foreach (var name in new[] { "one", "two" })
        {
            await space.SucceedAsync("run", "-d", "--name", name, "--userns", "auto", "-v", "shared:/shared", "busybox", "sleep", "1000");
        }

        await space.SucceedAsync("exec", "one", "sh", "-c", "echo from one > /shared/f; chmod 600 /shared/f");

        Assert.NotEqual(FirstOf(await MapAsync(space, "one")), FirstOf(await MapAsync(space, "two")));
        Assert.Equal("from one\n", await space.SucceedAsync("exec", "two", "cat", "/shared/f"));
        Assert.Equal("0:0\n", await space.SucceedAsync("run", "--rm", "-v", "shared:/shared", "busybox", "stat", "-c", "%u:%g", "/shared/f"));
        await space.SucceedAsync("cp", "one:/shared/f", space["out"]);
        Assert.Contains("'/shared' is a volume of container 'one', which runs with users of its own", await space.FailAsync(1, "cp", space["out"], "one:/shared/new"), StringComparison.Ordinal);
        await space.SucceedAsync("stop", "-t", "0", "one");
        await space.SucceedAsync("cp", space["out"], "one:/shared/new");
        Assert.Equal("0:0\n", await space.SucceedAsync("exec", "two", "stat", "-c", "%u:%g", "/shared/new"));
        await space.SucceedAsync("rm", "-f", "one", "two");
    }

    [Fact]
    public async Task A_range_is_free_again_when_its_container_is_gone()
    {
        using var space = await new KleeneSpace().WithBusyboxAsync();
        await space.SucceedAsync("create", "--name", "one", "--userns=auto", "busybox");
        var first = await space.SucceedAsync("inspect", "-f", "{{.userns}}", "one");
        await space.SucceedAsync("rm", "one");
        await space.SucceedAsync("create", "--name", "two", "--userns=auto", "busybox");

        Assert.Equal(first, await space.SucceedAsync("inspect", "-f", "{{.userns}}", "two"));
        await space.SucceedAsync("create", "--name", "three", "--userns=host", "busybox");
        Assert.Equal("host\n", await space.SucceedAsync("inspect", "-f", "{{.userns}}", "three"));
    }

    [Fact]
    public async Task A_directory_of_the_host_is_nobodys_unless_its_owners_are_mapped()
    {
        using var space = await new KleeneSpace().WithBusyboxAsync();
        var directory = space.MakeDirectory("host");
        space.Write("host/f", "of the host\n");
        File.SetUnixFileMode(space["host/f"], UnixFileMode.UserRead | UnixFileMode.UserWrite);

        var refused = await space.FailAsync(1, "run", "--rm", "--userns=auto", "-v", $"{directory}:/host", "busybox", "cat", "/host/f");
        var told = await space.SucceedAsync("run", "--rm", "--userns=auto", "-v", $"{directory}:/host:idmap", "busybox", "sh", "-c", "cat /host/f; touch /host/new; stat -c %u /host/f");

        Assert.Contains("Permission denied", refused, StringComparison.Ordinal);
        Assert.Equal("of the host\n0\n", told);
        Assert.Equal("0:0\n", space.Shell("stat -c %u:%g host/new"));
    }

    [Fact]
    public async Task Neither_our_streams_nor_devices_of_the_host_become_its_superusers()
    {
        using var space = await new KleeneSpace().WithBusyboxAsync();
        var kleene = space.Command("run", "--rm", "--userns=auto", "busybox", "sh", "-c", "cat; echo said");

        space.Shell($"{kleene} < /dev/null > out; {kleene} < out > /dev/null; {space.Command("run", "-d", "-t", "--name", "tty", "--userns=auto", "busybox", "sleep", "1000")} < /dev/null");

        Assert.Equal("said\n", File.ReadAllText(space["out"]));
        Assert.Equal("0 /dev/null\n0 out\n", space.Shell("stat -c '%u %n' /dev/null out"));
        await space.SucceedAsync("rm", "-f", "tty");
    }

    [Fact]
    public async Task It_binds_low_ports_on_a_network_and_is_reached_through_a_published_one()
    {
        using var space = await new KleeneSpace().WithBusyboxAsync();
        await space.SucceedAsync("network", "create", "--subnet", "10.219.4.0/29", "users");
        await space.SucceedAsync(
            "run", "-d", "--name", "web", "--userns=auto", "-n", "users", "-p", "18079:80", "busybox", "sh", "-c", "while true; do echo hello | /bin/busybox nc -l -p 80; done");

        Assert.Equal("hello\n", space.Shell("bash -c 'for i in $(seq 50); do (exec 3<>/dev/tcp/127.0.0.1/18079 && cat <&3) && exit; sleep 0.1; done' 2> /dev/null"));
        await space.SucceedAsync("rm", "-f", "web");
        await space.SucceedAsync("network", "rm", "users");
    }

    [Fact]
    public async Task What_is_killed_with_its_supervisor_leaves_nothing()
    {
        using var space = await new KleeneSpace().WithBusyboxAsync();
        var id = (await space.SucceedAsync("run", "-d", "--name", "app", "--userns=auto", "busybox", "sleep", "1000")).Trim();

        space.Shell($"pkill -KILL -f '[c]onmon.*{id}'; pkill -KILL -u {FirstOf(await MapAsync(space, "app"))}");

        Assert.Contains("all is well", await space.SucceedAsync("system", "check", "--fix"), StringComparison.Ordinal);
        Assert.Empty(space.Mounts());
        Assert.Empty(Directory.EnumerateFileSystemEntries(space.JailDirectory + ".roots"));
        await space.SucceedAsync("start", "app");
        Assert.Equal("0\n", await space.SucceedAsync("exec", "app", "id", "-u"));
        await space.SucceedAsync("rm", "-f", "app");
    }

    [Fact]
    public async Task A_word_that_is_not_known_is_refused()
    {
        using var space = await new KleeneSpace().WithBusyboxAsync();

        Assert.Contains("--userns 'atuo' is not known; did you mean 'auto'?; there are auto and host", await space.FailAsync(2, "create", "--userns=atuo", "busybox"), StringComparison.Ordinal);
    }

    private static async Task WalkAsync(KleeneSpace space)
    {
        await space.SucceedAsync(
            "run", "-d", "--name", "app", "--userns=auto", "-v", "data:/srv/web", "busybox", "sh", "-c", "mkdir /made; touch /made/f; chown 1000:1001 /made/f; rm /etc/group; sleep 1000");
        await WaitForAsync(space, "app", "test ! -e /etc/group");
        var first = FirstOf(await MapAsync(space, "app"));

        // Inside it is the superuser, outside it is nobody.
        Assert.Equal("0 1000:1001\n", await space.SucceedAsync("exec", "app", "sh", "-c", "echo $(id -u) $(stat -c %u:%g /made/f)"));
        Assert.Equal($"{first}\n", space.Shell($"stat -c %u /proc/$(pgrep -u {first} -f 'sleep 1000' | head -1)"));

        // What others see of it has the owners that it sees itself.
        Assert.Equal(["D /etc/group", "A /made", "A /made/f"], (await space.SucceedAsync("diff", "app")).Split('\n').Where(line => line.Contains("made", StringComparison.Ordinal) || line.StartsWith('D')).ToArray());
        space.Write("in", "into it\n");
        await space.SucceedAsync("cp", space["in"], "app:/made/");
        Assert.Equal("0:0 into it\n", await space.SucceedAsync("exec", "app", "sh", "-c", "echo $(stat -c %u:%g /made/in) $(cat /made/in)"));
        await space.SucceedAsync("cp", "app:/made/f", space["f"]);
        Assert.Equal("0:0\n", space.Shell("stat -c %u:%g f"));
        Assert.Contains("owners cannot be kept", await space.FailAsync(1, "cp", "-a", "app:/made/f", space["kept"]), StringComparison.Ordinal);
        Assert.Contains("1000/1001", space.Shell($"{space.Command("cp", "app:/made", "-")} | tar tvf - made/f"), StringComparison.Ordinal);
        Assert.Contains("1000/1001", space.Shell($"{space.Command("export", "app")} | tar tvf - made/f"), StringComparison.Ordinal);

        // On the disk, and so in an image of it, they are what they are in the container.
        await space.SucceedAsync("commit", "app", "made");
        Assert.Equal("1000:1001\n", await space.SucceedAsync("run", "--rm", "made", "stat", "-c", "%u:%g", "/made/f"));
        await space.SucceedAsync("stop", "--time", "0", "app");
        Assert.DoesNotContain("/dev", await space.SucceedAsync("diff", "app"), StringComparison.Ordinal);
        await space.SucceedAsync("cp", "-a", "app:/made/f", space["kept"]);
        Assert.Equal("1000:1001\n", space.Shell("stat -c %u:%g kept"));

        // It comes back with the same users, and leaves nothing.
        await space.SucceedAsync("start", "app");
        Assert.Equal(first, FirstOf(await MapAsync(space, "app")));
        Assert.Equal("1000:1001\n", await space.SucceedAsync("exec", "app", "stat", "-c", "%u:%g", "/made/f"));
        await space.SucceedAsync("rm", "-f", "app");
        Assert.Empty(space.Mounts());
        Assert.Contains("all is well", await space.SucceedAsync("system", "check"), StringComparison.Ordinal);
    }

    private static async Task WaitForAsync(KleeneSpace space, string container, string condition) =>
        await space.SucceedAsync("exec", container, "sh", "-c", $"until {condition}; do sleep 0.05; done");

    private static Task<string> MapAsync(KleeneSpace space, string container) => space.SucceedAsync("exec", container, "cat", "/proc/self/uid_map");

    private static uint FirstOf(string map) => uint.Parse(map.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
