using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.FreeBsd;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Tests.Jails.FreeBsd;

/// <summary>Everything here was printed by FreeBSD 13.2.</summary>
public sealed class ToolOutputTests
{
    private const string Mounted =
        """{"mount": {"mounted": [{"special":"/dev/vtbd0p2","node":"/","fstype":"ufs", "opts": ["local"]}, {"special":"devfs","node":"/dev","fstype":"devfs"}, {"special":"tank/kleene/container/m1","node":"/tank/kleene/container/m1","fstype":"zfs", "opts": ["local","noatime","nfsv4acls"]}, {"special":"/tmp/with space","node":"/tank/kleene/container/m1/mnt","fstype":"nullfs", "opts": ["local"]}]}}""";

    [Fact]
    public void Mounts_are_read_with_the_blanks_in_their_names()
    {
        var table = MountTable.Parse(Mounted);

        Assert.Equal(4, table.Entries.Length);
        Assert.Equal(new MountedEntry("/tmp/with space", "/tank/kleene/container/m1/mnt", "nullfs"), table.Entries[^1]);
    }

    [Fact]
    public void A_place_is_beneath_a_directory_by_whole_names()
    {
        var table = MountTable.Parse(Mounted);

        Assert.Equal(["/tank/kleene/container/m1/mnt"], table.Beneath("/tank/kleene/container/m1"));
        Assert.Empty(table.Beneath("/tank/kleene/container/m"));
        Assert.Empty(table.Beneath("/tank/kleene/container/m1/mnt"));
    }

    /// <summary>Of a jail whose devfs was mounted twice.</summary>
    [Fact]
    public void What_was_mounted_last_is_unmounted_first_and_as_often_as_it_is_there()
    {
        var table = MountTable.Parse(
            """{"mount": {"mounted": [{"special":"devfs","node":"/t/m1/dev","fstype":"devfs"}, {"special":"devfs","node":"/t/m1/dev","fstype":"devfs"}, {"special":"fdescfs","node":"/t/m1/dev/fd","fstype":"fdescfs"}]}}""");

        Assert.Equal(["/t/m1/dev/fd", "/t/m1/dev", "/t/m1/dev"], table.Beneath("/t/m1"));
    }

    [Fact]
    public void The_names_of_jails_are_read()
    {
        Assert.Equal(
            ["j1", "j2"],
            RunningJails.ParseNames("""{"__version": "2", "jail-information": {"jail": [{"jid":35,"hostname":"j1","path":"/tank/kleene/container/j1","name":"j1","state":"ACTIVE","cpusetid":3, "ipv4_addrs": [], "ipv6_addrs": []}, {"jid":36,"hostname":"","path":"/tank/kleene/container/j2","name":"j2","state":"ACTIVE","cpusetid":4, "ipv4_addrs": [], "ipv6_addrs": []}]}}""").ToArray());
        Assert.Empty(RunningJails.ParseNames("""{"__version": "2", "jail-information": {"jail": []}}"""));
    }

    [Fact]
    public void The_processes_of_a_jail_are_read()
    {
        var found = RunningJails.ParseProcesses("PID JID USER STAT COMMAND\n536  35 root SC+J /bin/sleep 500\n");

        Assert.Equal([(536, "root", "SC+J", "/bin/sleep 500")], found.ToArray());
    }

    [Fact]
    public void What_a_jail_uses_is_read()
    {
        var usage = ResourceRules.ParseUsage(
            "cputime=22\ndatasize=0\nstacksize=0\ncoredumpsize=0\nmemoryuse=0\nmemorylocked=0\nmaxproc=0\nopenfiles=0\nvmemoryuse=0\npseudoterminals=0\nswapuse=0\nnthr=0\nwallclock=96\npcpu=87\nreadbps=0\nwritebps=0\nreadiops=0\nwriteiops=0\n");

        Assert.Equal(new JailUsage { CpuTime = TimeSpan.FromSeconds(22), MemoryBytes = 0, Processes = 0 }, usage);
    }

    [Theory]
    [InlineData("jail: unknown parameter: nosuch.param\n", "this system has no jail parameter 'nosuch.param'; jail(8) lists those that there are")]
    [InlineData("jail: \"j1\" already exists\n", "'j1' is already running: there is a jail of that name, which 'jls' shows")]
    [InlineData("jail: bad: path /nosuch: No such file or directory\n", "the jail's root '/nosuch' has gone")]
    [InlineData("jail: ip4.addr: not an IPv4 address: 999.1.1.1\n", "jail(8) could not make 'j1': ip4.addr: not an IPv4 address: 999.1.1.1")]
    [InlineData("jail: jail_set: Invalid argument\n", "jail(8) could not make 'j1': jail_set: Invalid argument")]
    [InlineData("mount_nullfs: /nosuch: No such file or directory\njail: /sbin/mount -t nullfs -o ro /nosuch /mnt: failed\n", "jail(8) could not make 'j1': mount_nullfs: /nosuch: No such file or directory")]
    [InlineData("ifconfig: interface nosuch0 does not exist\njail: /sbin/ifconfig nosuch0 inet 10.99.99.99 netmask 255.255.255.255 alias: failed\n", "jail(8) could not make 'j1': ifconfig: interface nosuch0 does not exist")]
    public void Why_a_jail_could_not_be_made_is_told(string error, string message)
    {
        var failure = JailErrors.OfCreation(new ProcessResult(new ExitStatus(1), "", error), "j1");

        Assert.Equal(message, failure.Message);
        Assert.Equal(125, failure.ExitCode);
    }

    [Theory]
    [InlineData(1, "jexec: execvp: /no/such: No such file or directory\n", 127)]
    [InlineData(1, "jexec: execvp: /etc/passwd: Permission denied\n", 126)]
    public void A_command_that_is_not_there_is_told_from_one_that_fails(int code, string error, int expected) =>
        Assert.Equal(expected, JailErrors.OfStart(new ProcessResult(new ExitStatus(code), "", error), "x")?.ExitCode);

    [Theory]
    [InlineData(1, 0, "")]
    [InlineData(1, 0, "cat: /no/such: No such file or directory\n")]
    [InlineData(7, 0, "jexec: execvp: /no/such: No such file or directory\n")]
    [InlineData(0, 9, "")]
    public void What_a_command_ends_with_is_its_own(int code, int signal, string error) =>
        Assert.Null(JailErrors.OfStart(new ProcessResult(new ExitStatus(code, signal), "", error), "x"));

    [Fact]
    public void A_jail_that_is_not_there_is_recognised_by_its_name()
    {
        var result = new ProcessResult(new ExitStatus(1), "", "jexec: jail \"nosuch\" not found\n");

        Assert.True(JailErrors.SaysNotFound(result, "nosuch"));
        Assert.False(JailErrors.SaysNotFound(result, "other"));
    }

    [Fact]
    public void A_limit_becomes_a_rule()
    {
        Assert.Equal(
            ["jail:r1:memoryuse:sigkill=67108864", "jail:r1:pcpu:deny=150", "jail:r1:maxproc:deny=10"],
            ResourceRules.Of("r1", new JailLimits(67108864, 1.5, 10)).ToArray());
        Assert.Empty(ResourceRules.Of("r1", JailLimits.None));
    }

    [Fact]
    public void A_limit_that_there_is_none_for_is_named() =>
        Assert.Contains(
            "which processors are used",
            Assert.Throws<JailStartException>(() => ResourceRules.RequireKnown(JailLimits.None with { CpuSet = "0" })).Message,
            StringComparison.Ordinal);
}
