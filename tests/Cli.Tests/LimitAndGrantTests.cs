using System.Text.Json;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>The options of limits and grants, from the command line to the process inside.</summary>
public sealed class LimitAndGrantTests : IAsyncLifetime
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
    public async Task What_is_granted_arrives_inside()
    {
        space.Write("profile.json", """{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["mkdir"], "action": "SCMP_ACT_ERRNO" }] }""");

        var seen = await space.SucceedAsync(
            "run", "--rm", "--network", "none", "--init", "--cap-drop", "all", "--cap-add", "cap_kill,NET_RAW", "--security-opt", $"seccomp={space["profile.json"]}", "--security-opt", "no-new-privileges:false",
            "--device", "/dev/loop-control:/dev/other:r", "--group-add", "logs", "--group-add", "77", "--sysctl", "kernel.msgmax=9000", "--ulimit", "nofile=64", "--shm-size", "1m",
            "--oom-score-adj", "500", "--memory", "64m", "--cpus", "0.5", "--cpu-shares", "300", "--cpuset-cpus", "0", "--pids-limit", "50",
            "busybox", "sh", "-c", "grep -E '^(CapBnd|NoNewPrivs|Seccomp|Cpus_allowed_list):' /proc/self/status; mkdir /tmp/d 2>/dev/null || echo no mkdir; test -c /dev/other && echo device; id -G; cat /proc/sys/kernel/msgmax /proc/self/oom_score_adj; ulimit -n; stat -f -c %b /dev/shm; tr '\\0' ' ' < /proc/1/cmdline");

        Assert.Equal(
            ["CapBnd:\t0000000000002020", "NoNewPrivs:\t0", "Seccomp:\t2", "Cpus_allowed_list:\t0", "no mkdir", "device", "0 77 1002", "9000", "500", "64", "256"],
            seen.Split('\n').Take(11));
        Assert.Contains("/dev/init -- sh -c", seen, StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task Running_containers_are_measured_listed_and_changed()
    {
        var container = space.Command("run", "--rm", "--name", "web", "--memory", "64m", "busybox", "sh", "-c", "echo up > /tmp/up; while true; do :; done");
        var run = space.RunAsync(container);
        while ((await space.RunAsync("exec", "web", "cat", "/tmp/up")).Output != "up\n")
        {
            Assert.False(run.IsCompleted, run.IsCompleted ? (await run).Error : "");
        }

        var table = await space.SucceedAsync("stats", "--no-stream");
        var name = await space.SucceedAsync("stats", "--no-stream", "--format", "{{.name}} {{.pids}}", "web");
        var processes = await space.SucceedAsync("top", "web");
        await space.SucceedAsync("update", "--memory", "128m", "--pids-limit", "9", "--env", "A=1", "--user", "web", "web", "--", "sleep", "7");
        var stats = await space.SucceedAsync("container", "stats", "--no-stream", "--format", "json", "web");
        var tooSmall = await space.FailAsync(2, "update", "--memory", "1m", "web");
        var tooMany = await space.FailAsync(1, "update", "--cpus", "5000", "web");
        var details = await space.SucceedAsync("inspect", "web");
        await space.SucceedAsync("stop", "-t", "0", "web");
        await run;
        var gone = await space.FailAsync(1, "top", "web");

        Assert.Matches(@"^ID +NAME +CPU +MEMORY +MEMORYPERCENT +NETWORK +BLOCK +PIDS\n[0-9a-f]{12} +web +[0-9.]+% +[0-9.]+[KM]iB / 64MiB +[0-9.]+% +.+ / .+ +.+ / .+ +1\n$", table);
        Assert.Equal("web 1\n", name);
        Assert.Matches(@"^PID +USER +TIME +COMMAND\n[0-9]+ +root +00:00:[0-9]+ +sh -c echo up .+\n$", processes);
        using var json = JsonDocument.Parse(stats);
        var row = json.RootElement[0];
        Assert.Equal((128 << 20, 9), (row.GetProperty("memoryLimit").GetInt64(), row.GetProperty("pidsLimit").GetInt64()));
        Assert.InRange(row.GetProperty("cpu").GetDouble(), 1, 150);
        Assert.Equal("error: --memory has to be at least 6m: with less nothing can be started\n", tooSmall);
        Assert.StartsWith("error: 5000 processors were asked for", tooMany, StringComparison.Ordinal);
        using var inspected = JsonDocument.Parse(details);
        Assert.Equal(["sleep", "7"], inspected.RootElement[0].GetProperty("command").EnumerateArray().Select(word => word.GetString()!));
        Assert.Equal("web", inspected.RootElement[0].GetProperty("user").GetString());
        Assert.Contains("there is no container 'web'", gone, StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailTheory]
    [InlineData("--memory 5m", "--memory has to be at least 6m")]
    [InlineData("--memory 64m --memory-reservation 65m", "--memory-reservation has to be less than --memory")]
    [InlineData("--memory-swap 64m", "--memory-swap is memory and swap together: it needs --memory")]
    [InlineData("--memory 64m --memory-swap 32m", "--memory-swap is memory and swap together")]
    [InlineData("--cpus 0.001", "--cpus has to be a number that is at least 0.01")]
    [InlineData("--cpu-shares 1", "--cpu-shares has to be from 2 to 262144")]
    [InlineData("--cpuset-cpus 1-0", "--cpuset-cpus '1-0': '1-0' is not a range of processors")]
    [InlineData("--oom-score-adj 1001", "--oom-score-adj has to be from -1000 to 1000")]
    [InlineData("--ulimit nofiles=1", "--ulimit 'nofiles=1': there is no limit 'nofiles'; did you mean 'nofile'?")]
    [InlineData("--device-read-bps /dev/sda", "--device-read-bps '/dev/sda' is not a bound of a disk")]
    [InlineData("--device-read-bps /dev/../x:1m", "--device-read-bps '/dev/../x:1m' is not a bound of a disk")]
    [InlineData("--device-write-iops /dev/sda:1m", "--device-write-iops '/dev/sda:1m': '1m' is not a number of operations")]
    [InlineData("--cap-add NET_ADMN", "--cap-add 'NET_ADMN' is not a capability; did you mean 'NET_ADMIN'?")]
    [InlineData("--cap-drop CAP_", "--cap-drop 'CAP_' is not a capability")]
    [InlineData("--security-opt seccomp=/no/such/file", "--security-opt seccomp=/no/such/file: Could not find")]
    [InlineData("--security-opt apparmor=x", "--security-opt 'apparmor=x' is not known here")]
    [InlineData("--device /dev/../etc/shadow", "--device '/dev/../etc/shadow' is not a device")]
    [InlineData("--device /dev/null:/etc/x", "--device '/dev/null:/etc/x': '/etc/x' is not beneath /dev")]
    [InlineData("--group-add a:b", "--group-add 'a:b' is not the name or number of a group")]
    [InlineData("--sysctl kernel.core_pattern=x", "--sysctl: 'kernel.core_pattern' is the whole machine's")]
    public async Task What_makes_no_sense_is_refused_with_the_right_form(string options, string message) =>
        Assert.StartsWith($"error: {message}", await space.FailAsync(2, ["run", "--rm", .. options.Split(' '), "busybox", "true"]), StringComparison.Ordinal);
}
