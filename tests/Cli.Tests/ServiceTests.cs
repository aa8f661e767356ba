using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>The services of <c>scripts/service</c>, which bring containers back with the machine and end them before it goes down.</summary>
public sealed class ServiceTests : IAsyncLifetime
{
    private const string Installed = "/usr/local/bin/kleene";

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

    [OpenRcFact]
    public async Task OpenRC_starts_what_is_to_run_and_stops_all_of_it()
    {
        await MakeContainersAsync();

        var seen = Machine($"boot; {Installed} ps --format '{{{{.name}}}}' | sort; /sbin/rc-service kleene status | grep -c sleep; shutdown; {Installed} ps -q; /sbin/rc-service kleene status > /dev/null || echo $?");

        Assert.Equal("always\nstartup\nwanted\n3\n3\n", seen);
        await AssertComesBackAsync(() => Machine("boot"));
    }

    [OpenRcFact]
    public async Task OpenRC_stops_what_could_be_started_beside_one_that_could_not()
    {
        var directory = space.MakeDirectory("gone");
        await space.SucceedAsync("create", "--name", "broken", "--restart", "always", "-v", $"{directory}:/gone", "busybox", "sleep", "1000");
        await space.SucceedAsync("create", "--name", "sound", "--restart", "always", "--stop-timeout", "0", "busybox", "sleep", "1000");
        Directory.Delete(directory);

        var seen = Machine($"boot; /bin/rc-status default | grep -c started; {Installed} ps --format '{{{{.name}}}}'; shutdown; {Installed} ps -q");

        Assert.Equal("1\nsound\n", seen);
    }

    [SystemdFact]
    public async Task The_unit_of_systemd_is_well_formed_and_does_what_it_says()
    {
        var unit = await File.ReadAllTextAsync(Service("kleene.service"));
        var checkedUnit = space.Write("unit/kleene.service", unit.Replace(Installed, KleeneSpace.Binary, StringComparison.Ordinal));
        var verified = await space.RunAsync(CommandLine.Of("systemd-analyze", "verify", "--man=no", checkedUnit));
        Assert.Equal(("", "", 0), (verified.Output, verified.Error, verified.Exit.Code));

        await MakeContainersAsync();
        await DoesAsync("ExecStart=");
        Assert.Equal(["always", "startup", "wanted"], await RunningAsync());
        await DoesAsync("ExecStop=");
        Assert.Empty(await RunningAsync());
        await AssertComesBackAsync(() => DoesAsync("ExecStart=").Wait());

        // With the words of the unit; nobody but systemd could have it read by systemd.
        async Task DoesAsync(string what)
        {
            var words = unit.Split('\n').Single(line => line.StartsWith(what, StringComparison.Ordinal))[what.Length..].Split(' ');
            Assert.Equal(Installed, words[0].TrimStart('-'));
            await space.SucceedAsync(words[1..]);
        }
    }

    /// <summary>One for each way to be started, all of them stopped as the machine finds them: 'wanted' ran when it went down.</summary>
    private async Task MakeContainersAsync()
    {
        foreach (var (name, policy) in new[] { ("always", "always"), ("startup", "on-startup"), ("never", "no"), ("unwanted", "unless-stopped") })
        {
            await space.SucceedAsync("create", "--name", name, "--restart", policy, "--stop-timeout", "0", "busybox", "sleep", "1000");
        }

        await space.SucceedAsync("run", "-d", "--name", "wanted", "--restart", "unless-stopped", "--stop-timeout", "0", "busybox", "sleep", "1000");
        await space.RestartMachineAsync();
        Assert.Empty(await RunningAsync());
    }

    /// <summary>After a proper shutdown as after a power cut.</summary>
    private async Task AssertComesBackAsync(Action boot)
    {
        await space.RestartMachineAsync();
        boot();
        Assert.Equal(["always", "startup", "wanted"], await RunningAsync());

        await space.RestartMachineAsync();
        Assert.Empty(await RunningAsync());
        boot();
        Assert.Equal(["always", "startup", "wanted"], await RunningAsync());

        await space.SucceedAsync("rm", "-f", "always", "startup", "never", "unwanted", "wanted");
        await space.AssertCleanAsync();
    }

    private async Task<IEnumerable<string>> RunningAsync() =>
        (await space.SucceedAsync("ps", "--format", "{{.name}}")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal);

    private string Machine(string script)
    {
        var machine = Path.Join(KleeneSpace.Repository, "tests/Cli.Tests/testdata/openrc/machine.sh");
        var command = CommandLine.Of(machine, OpenRcFactAttribute.Tree!, Service("kleene.openrc"), space.Command().ToString(), script);
        return space.Shell(command.ToString());
    }

    private static string Service(string name) => Path.Join(KleeneSpace.Repository, "scripts/service", name);

    private sealed class OpenRcFactAttribute : FactAttribute
    {
        public OpenRcFactAttribute() =>
            Skip = new JailFactAttribute().Skip ?? (Tree is null ? "needs OpenRC's files in the directory that KLEENE_OPENRC names; scripts/test unpacks them" : null);

        public static string? Tree { get; } = Environment.GetEnvironmentVariable("KLEENE_OPENRC") is { Length: > 0 } tree ? tree : null;
    }

    private sealed class SystemdFactAttribute : FactAttribute
    {
        public SystemdFactAttribute() =>
            Skip = new JailFactAttribute().Skip ?? (File.Exists("/usr/bin/systemd-analyze") ? null : "needs systemd-analyze (package systemd)");
    }
}
