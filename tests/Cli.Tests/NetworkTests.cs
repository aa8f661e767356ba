using System.Text.Json;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

public sealed class NetworkTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_network_is_made_listed_inspected_and_removed()
    {
        var id = (await space.SucceedAsync("network", "create", "--subnet", "10.213.7.9/24", "--gw", "10.213.7.254", "--icc", "false", "--nat", "false", "--internal", "back")).Trim();
        await space.SucceedAsync("network", "create", "-t", "bridge", "-i", "lanbr0", "--subnet6", "fd13:37::/64", "front");

        Assert.Equal("back loopback 10.213.7.0/24 \nfront bridge  fd13:37::/64\n", await space.SucceedAsync("lsn", "--format", "{{.name}} {{.type}} {{.subnet}} {{.subnet6}}"));
        using var shown = JsonDocument.Parse(await space.SucceedAsync("isn", id[..6]));
        var network = shown.RootElement[0];
        Assert.Equal(("10.213.7.254", false, false, true), (network.GetProperty("gateway").GetString(), network.GetProperty("icc").GetBoolean(), network.GetProperty("nat").GetBoolean(), network.GetProperty("internal").GetBoolean()));
        Assert.Contains("network name is already taken: 'back'", await space.FailAsync(1, "network", "create", "back"), StringComparison.Ordinal);
        Assert.Contains("network not found: 'bakc'; did you mean 'back'?", await space.FailAsync(1, "network", "rm", "bakc"), StringComparison.Ordinal);
        Assert.Contains("overlaps with the network 'back'", await space.FailAsync(1, "network", "create", "--subnet", "10.213.0.0/16", "x"), StringComparison.Ordinal);
        Assert.Contains("invalid subnet: could not parse cidr block", await space.FailAsync(1, "network", "create", "--subnet", "10.213/16", "x"), StringComparison.Ordinal);
        Assert.Contains("is the broadcast address", await space.FailAsync(1, "network", "create", "--subnet", "10.214.0.0/24", "--gw", "10.214.0.255", "x"), StringComparison.Ordinal);
        Assert.Contains("cannot be the name of an interface", await space.FailAsync(1, "network", "create", "-i", "a\"b", "x"), StringComparison.Ordinal);
        Assert.Contains("is not a network name", await space.FailAsync(1, "network", "create", "a b"), StringComparison.Ordinal);
        Assert.Contains("name it with --interface", await space.FailAsync(1, "network", "create", "-t", "custom", "x"), StringComparison.Ordinal);
        Assert.Equal(id, (await space.SucceedAsync("rmn", "back")).Trim());
        await space.SucceedAsync("network", "prune");
        Assert.Equal("", await space.SucceedAsync("network", "ls", "-q"));
    }

    [JailFact]
    public async Task A_command_without_a_network_has_addresses_and_not_the_hosts_loopback()
    {
        await space.WithBusyboxAsync();

        var seen = await space.SucceedAsync("run", "--rm", "busybox", "sh", "-c", "ls /sys/class/net; ip route | grep -c default; hostname; grep -c $(hostname) /etc/hosts");
        var host = await space.SucceedAsync("run", "--rm", "--network", "host", "busybox", "ls", "/sys/class/net");

        Assert.Matches("^eth0\nlo\n1\n[0-9a-f]{12}\n4\n$", seen);
        Assert.Equal(string.Join('\n', Directory.GetDirectories("/sys/class/net").Select(Path.GetFileName).Where(name => !name!.StartsWith("kv", StringComparison.Ordinal)).Order()), string.Join('\n', host.Trim().Split('\n').Where(name => !name.StartsWith("kv", StringComparison.Ordinal)).Order()));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_service_is_found_by_its_names_from_containers_builds_and_the_host()
    {
        await space.WithBusyboxAsync();
        await space.SucceedAsync("network", "create", "back");
        var log = space["log"];
        var web = space.RunAsync(CommandLine.Of("bash", "-c", $"{space.Command("run", "--rm", "--name", "web", "-n", "back:alias=www", "-p", "80", "busybox", "sh", "-c", "echo hello > /index.html; echo ready; exec busybox httpd -f -h / -p 80")} > '{log}' 2>&1"));
        await WaitForAsync(log, "ready");

        var named = await space.SucceedAsync("run", "--rm", "-n", "back", "busybox", "sh", "-c", "until busybox wget -qO- http://www/index.html 2> /dev/null; do busybox usleep 10000; done; busybox wget -qO- http://web/index.html");
        await space.BuildAsync(space.Context("FROM busybox\nRUN busybox wget -qO /page http://web/index.html\n"), "app", "--network", "back");
        await space.BuildAsync(space.Context("FROM busybox\nRUN --network=back busybox wget -qO /page http://www/index.html\nRUN ! grep -q web /etc/hosts\n", "other"), "app2");
        var elsewhere = await space.RunAsync("run", "--rm", "busybox", "sh", "-c", "busybox wget -T 2 -qO- http://web/index.html");
        using var shown = JsonDocument.Parse(await space.SucceedAsync("network", "inspect", "back"));
        var ip = shown.RootElement[0].GetProperty("containers")[0].GetProperty("ip").GetString();
        var busy = await space.FailAsync(1, "network", "rm", "back");
        var dead = await space.FailAsync(1, "build", space.Context("FROM busybox\nRUN --network=bakc true\n", "wrong"));
        await space.SucceedAsync("stop", "-t", "0", "web");
        await web;

        Assert.Equal("hello\nhello\n", named);
        Assert.Equal("hello\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/page"));
        Assert.Equal("hello\n", await space.SucceedAsync("run", "--rm", "app2", "cat", "/page"));
        Assert.NotEqual(0, elsewhere.Exit.ShellCode);
        Assert.Equal(System.Net.IPAddress.Parse(ip!).ToString(), ip);
        Assert.Contains("in use by 'web'", busy, StringComparison.Ordinal);
        Assert.Contains("network not found: 'bakc'; did you mean 'back'?", dead, StringComparison.Ordinal);
        await space.AssertCleanAsync();
        AssertNothingIsUp();
    }

    [JailFact]
    public async Task What_cannot_be_had_is_told_before_anything_is_made()
    {
        await space.WithBusyboxAsync();

        foreach (var (words, code, message) in new[]
        {
            ("run -n nope busybox true", 125, "network not found: 'nope'"),
            ("run -l host -p 80:80 busybox true", 125, "cannot publish ports of a container using the 'host' network driver"),
            ("run -l disabled -n default busybox true", 125, "containers with the 'disabled' network-driver cannot connect to networks."),
            ("run -l vnet -n default busybox true", 125, "containers using the 'vnet' network-driver can't connect to loopback networks"),
            ("run -l bridge busybox true", 2, "--driver 'bridge' does not exist"),
            ("run -p 99999 busybox true", 2, "is not a port from 1 to 65535"),
            ("run --ip 10.9.9.9 busybox true", 125, "may change; for an address of your own"),
            ("run --ip ten busybox true", 2, "--ip 'ten' is not an address"),
            ("run -n default -n other --ip 10.9.9.9 busybox true", 2, "write --network NAME:ip=ADDRESS"),
            ("run -n host -l ipnet busybox true", 2, "exclude each other"),
            ("run --dns dns.example busybox true", 2, "--dns 'dns.example' is not an address"),
            ("run -p 192.0.2.77:80:80 busybox true", 125, "the host does not have that address"),
        })
        {
            Assert.Contains(message, await space.FailAsync(code, words.Split(' ')), StringComparison.Ordinal);
        }

        Assert.Equal("192.0.2.53\n", await space.SucceedAsync("run", "--rm", "--dns", "192.0.2.53", "busybox", "sh", "-c", "grep nameserver /etc/resolv.conf | tr -d 'a-z '"));
        AssertNothingIsUp();
    }

    [JailFact]
    public async Task Without_nft_it_is_said_what_to_install_and_the_host_s_network_works()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN echo built\n");

        // In a mount namespace of its own the directory of the tool is empty.
        string Without(params string[] words) => $"unshare -m sh -c 'f=$(mktemp -d); mount --bind $f /usr/sbin; exec \"$@\"' sh {space.Command(words)}";
        var refused = await space.RunAsync(CommandLine.Of("bash", "-c", Without("run", "--rm", "busybox", "true")));
        var host = await space.RunAsync(CommandLine.Of("bash", "-c", Without("build", "--network", "host", context)));

        Assert.Equal(125, refused.Exit.ShellCode);
        Assert.Contains("networks need nft; install it (package nftables), or use the host's network with --network host", refused.Error, StringComparison.Ordinal);
        Assert.True(host.Exit.Success, host.Error);
        AssertNothingIsUp();
    }

    [JailFact]
    public async Task A_file_alone_does_not_get_the_hosts_network()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN --network=host true\n");

        Assert.Contains("agree with --allow network.host", await space.FailAsync(1, "build", context), StringComparison.Ordinal);
        await space.BuildAsync(context, "app", "--allow", "network.host");
        await space.BuildAsync(context, "app", "--network", "host");
    }

    /// <summary>The command is killed, not the container: what it leaves is taken down by whoever stops that.</summary>
    [JailFact]
    public async Task A_container_whose_command_was_killed_gives_its_network_back_when_it_is_stopped()
    {
        await space.WithBusyboxAsync();
        var log = space["log"];
        var run = space.Command("run", "--name", "box", "-p", "80", "busybox", "sh", "-c", "echo ready; exec sleep 1000");
        await space.RunAsync(CommandLine.Of("bash", "-c", $"{run} > '{log}' 2>&1 & pid=$!; until grep -qs ready '{log}'; do sleep 0.02; done; kill -9 $pid; wait $pid 2> /dev/null; true"));

        Assert.Contains("box", await space.SucceedAsync("ps"), StringComparison.Ordinal);
        await space.SucceedAsync("stop", "-t", "0", "box");

        AssertNothingIsUp();
        await space.SucceedAsync("rm", "box");
        await space.AssertCleanAsync();
    }

    private static async Task WaitForAsync(string log, string line)
    {
        while (!File.Exists(log) || !(await File.ReadAllTextAsync(log)).Contains(line, StringComparison.Ordinal))
        {
            await Task.Delay(20);
        }
    }

    private void AssertNothingIsUp()
    {
        using var database = new StateReader(space.StateRoot);
        Assert.Equal((0, 0), (database.Count("stacks"), database.Count("ports")));
    }
}
