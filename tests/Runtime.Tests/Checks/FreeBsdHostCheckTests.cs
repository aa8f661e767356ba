using Kleene.Build.Runtime.Checks;
using Kleene.Build.Runtime.Checks.FreeBsd;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Approvals;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Checks;

/// <summary>What is found on a host, what is done about it, and what is left to a person. The host says what FreeBSD 13.2 was seen to say.</summary>
public sealed class FreeBsdHostCheckTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly PlayedHost host = new();

    private string PfConf => scratch["pf.conf"];

    public void Dispose() => scratch.Dispose();

    [RootFact]
    public async Task A_host_that_lacks_nothing_is_not_changed()
    {
        host.HasAll();
        scratch.Write("pf.conf", "nat-anchor \"kleene/*\"\nrdr-anchor \"kleene/*\"\nanchor \"kleene/*\"\n");
        scratch.Write("root/zfs.dataset", "tank/kleene");

        Assert.Equal("", await CheckAsync(repairs: true));
        Assert.Empty(host.Changes);
    }

    [RootFact]
    public async Task What_a_bare_host_lacks_is_told_with_what_would_mend_it()
    {
        Approved.Matches(Short(await CheckAsync(repairs: false)), TestData("bare-host.approved.txt"));
        Assert.Empty(host.Changes);
        Assert.False(File.Exists(PfConf));
    }

    [RootFact]
    public async Task A_bare_host_is_mended_as_far_as_that_goes_and_once()
    {
        var first = await CheckAsync(repairs: true);
        var changes = host.Changes.Count;
        var second = await CheckAsync(repairs: true);

        Approved.Matches(Short($"{first}\nand again:\n{second}"), TestData("mended-host.approved.txt"));
        Assert.Equal(["/usr/sbin/sysrc -f /boot/loader.conf kern.racct.enable=1"], host.Changes.Skip(changes));
        Assert.Empty(Kleene.Build.Runtime.Networks.FreeBsd.PfConf.Missing(await File.ReadAllTextAsync(PfConf)));
    }

    [RootFact]
    public async Task Rules_of_the_users_that_are_in_force_get_three_lines_and_are_loaded_again()
    {
        host.HasAll();
        host.Calls.Clear();
        scratch.Write("root/zfs.dataset", "tank/kleene");
        scratch.Write("pf.conf", "block all\npass out\n");
        File.SetUnixFileMode(PfConf, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        var said = await CheckAsync(repairs: true);

        Assert.Equal(
            $"""
            repaired: '{PfConf}' did not lead to the rules of networks; added 'nat-anchor "kleene/*"', 'rdr-anchor "kleene/*"', 'anchor "kleene/*"'
            repaired: the rules of pf that are in force do not lead to those of networks; ran: /sbin/pfctl -f {PfConf}

            """,
            said);
        Assert.Equal("nat-anchor \"kleene/*\"", (await File.ReadAllLinesAsync(PfConf))[1]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(PfConf));
    }

    /// <summary>They may keep out who is asking.</summary>
    [RootFact]
    public async Task Rules_of_the_users_that_are_not_in_force_are_not_put_into_force()
    {
        host.HasAll();
        host.IsPfEnabled = false;
        scratch.Write("root/zfs.dataset", "tank/kleene");
        scratch.Write("pf.conf", "nat-anchor \"kleene/*\"\nrdr-anchor \"kleene/*\"\nblock all\nanchor \"kleene/*\"\n");

        var said = await CheckAsync(repairs: true);

        Assert.Equal($"problem: pf is not enabled, and '{PfConf}' has rules of yours that are not in force: look whom they let in, then run 'service pf onestart' and 'sysrc pf_enable=YES'\n", said);
        Assert.Empty(host.Changes);
    }

    [RootFact]
    public async Task A_file_that_pfctl_does_not_take_stays_as_it_is()
    {
        host.HasAll();
        host.Calls.Clear();
        host.Refusal = "stdin:2: syntax error\n";
        scratch.Write("root/zfs.dataset", "tank/kleene");
        scratch.Write("pf.conf", "pass all\nfoo bar\n");

        var said = await CheckAsync(repairs: true);

        Assert.Contains("pfctl does not take it: stdin:2: syntax error; add them yourself", said, StringComparison.Ordinal);
        Assert.Equal("pass all\nfoo bar\n", await File.ReadAllTextAsync(PfConf));
        Assert.Empty(host.Changes);
    }

    [RootFact]
    public async Task A_module_that_cannot_be_loaded_is_told_with_the_reason()
    {
        host.HasAll();
        host.Modules.Remove("if_epair");
        host.Unloadable = "if_epair";
        scratch.Write("pf.conf", "nat-anchor \"kleene/*\"\nrdr-anchor \"kleene/*\"\nanchor \"kleene/*\"\n");
        scratch.Write("root/zfs.dataset", "tank/kleene");

        Assert.Equal(
            "problem: the kernel module 'if_epair' is not loaded, so there are no vnet containers, and '/sbin/kldload -n if_epair' failed: kldload: can't load if_epair: No such file or directory\n",
            await CheckAsync(repairs: true));
    }

    /// <summary>A file elsewhere is the user's to change; if it leads to ours, all is well.</summary>
    [RootFact]
    public async Task Rules_that_are_kept_elsewhere_are_left_to_the_user()
    {
        host.HasAll();
        host.PfRules = "/usr/local/etc/pf.conf";
        scratch.Write("root/zfs.dataset", "tank/kleene");

        var leading = await CheckAsync(repairs: true);
        host.Calls.Clear();
        var astray = await CheckAsync(repairs: true);

        Assert.Equal("", leading);
        Assert.StartsWith($"problem: rc.conf names another file of rules than '{PfConf}', which does not lead to those of networks: add 'nat-anchor", astray, StringComparison.Ordinal);
        Assert.Empty(host.Changes);
        Assert.False(File.Exists(PfConf));
    }

    [RootFact]
    public async Task A_pf_that_skips_the_loopback_is_told_of()
    {
        host.HasAll();
        scratch.Write("pf.conf", "set skip on lo0\nnat-anchor \"kleene/*\"\nrdr-anchor \"kleene/*\"\nanchor \"kleene/*\"\n");
        scratch.Write("root/zfs.dataset", "tank/kleene");

        Assert.StartsWith($"note: '{PfConf}' has pf skip lo0", await CheckAsync(repairs: true), StringComparison.Ordinal);
    }

    private async Task<string> CheckAsync(bool repairs)
    {
        Directory.CreateDirectory(scratch["root"]);
        var text = "";
        await foreach (var finding in new FreeBsdHostCheck(host, scratch["root"], PfConf).RunAsync(repairs, CancellationToken.None))
        {
            text += $"{(finding.IsRepaired ? "repaired" : finding.IsOptional ? "note" : "problem")}: {finding.Text}\n";
        }

        return text;
    }

    private string Short(string text) => text.Replace(scratch.Path, "", StringComparison.Ordinal);

    private static string TestData(string name, [System.Runtime.CompilerServices.CallerFilePath] string file = "") => Path.Join(Path.GetDirectoryName(file), "testdata", name);

    /// <summary>A machine with a pool and nothing prepared.</summary>
    private sealed class PlayedHost : IProcessRunner
    {
        private static readonly string[] AllCalls = ["nat-anchor \"kleene/*\" all", "rdr-anchor \"kleene/*\" all", "anchor \"kleene/*\" all"];

        public HashSet<string> Modules { get; } = [];

        public HashSet<string> Settings { get; } = ["kern.features.vimage"];

        public HashSet<string> Rc { get; } = [];

        public HashSet<string> Calls { get; } = [];

        public List<string> Changes { get; } = [];

        public bool IsPfEnabled { get; set; }

        public bool HasDeviceRules { get; set; }

        public string Unloadable { get; set; } = "";

        /// <summary>The file of rules that rc.conf names; empty: the usual one.</summary>
        public string PfRules { get; set; } = "";

        /// <summary>What pfctl says to a text that it is asked to read; empty: it takes it.</summary>
        public string Refusal { get; set; } = "";

        public void HasAll()
        {
            Modules.UnionWith(["zfs", "pf", "if_bridge", "if_epair", "nullfs"]);
            Settings.UnionWith(["kern.racct.enable", "net.inet.ip.forwarding", "net.inet6.ip6.forwarding"]);
            Rc.Add("pf_enable=YES");
            Calls.UnionWith(AllCalls);
            (IsPfEnabled, HasDeviceRules) = (true, true);
        }

        public void Start(CommandLine command) => throw new NotSupportedException(command.ToString());

        public Task<ProcessResult> RunAsync(CommandLine command, ProcessOutput output, CancellationToken cancellationToken) => Task.FromResult(Run(command));

        private ProcessResult Run(CommandLine command)
        {
            switch (command.Program, command.Arguments.ToArray())
            {
                case ("/sbin/kldstat", ["-q", "-m", var module]):
                    return Modules.Contains(module) ? Says("") : Fails($"kldstat: can't find module {module}: No such file or directory");
                case ("/sbin/sysctl", ["-n", var name]):
                    return Settings.Contains(name) ? Says("1\n") : Says("0\n");
                case ("/sbin/devfs", ["rule", "-s", "4", "show"]):
                    return Says(HasDeviceRules ? "100 include 1\n200 include 2\n300 include 3\n400 path fuse unhide\n500 path zfs unhide\n" : "");
                case ("/sbin/pfctl", ["-si"]):
                    return Modules.Contains("pf") ? Says($"Status: {(IsPfEnabled ? "Enabled for 0 days 00:03:44 " : "Disabled")}          Debug: Urgent\n") : Fails("pfctl: /dev/pf: No such file or directory");
                case ("/sbin/pfctl", ["-sn"]):
                    return Says(string.Concat(Calls.Where(call => call.Contains("-anchor", StringComparison.Ordinal)).Select(call => call + "\n")));
                case ("/sbin/pfctl", ["-sr"]):
                    return Says(string.Concat(Calls.Where(call => !call.Contains("-anchor", StringComparison.Ordinal)).Select(call => call + "\n")));
                case ("/sbin/pfctl", ["-nf", "-"]):
                    return Refusal.Length == 0 ? Says("") : new ProcessResult(new ExitStatus(1), "", Refusal);
                case ("/usr/sbin/sysrc", ["-c", var setting]):
                    return new ProcessResult(new ExitStatus(Rc.Contains(setting) || (setting.StartsWith("pf_rules=", StringComparison.Ordinal) && PfRules.Length == 0) ? 0 : 1), "", "");
                case ("/sbin/zfs", ["list", ..]):
                    return Fails("cannot open '/root': not a ZFS filesystem");
                case ("/sbin/zpool", ["list", "-H", "-o", "name"]):
                    return Says("tank\n");
            }

            if (command.Program == "/sbin/kldload" && command.Arguments[^1] == Unloadable)
            {
                return Fails($"kldload: can't load {Unloadable}: No such file or directory");
            }

            Changes.Add(command.ToString());
            switch (command.Program, command.Arguments.ToArray())
            {
                case ("/sbin/kldload", ["-n", var module]):
                    Modules.Add(module);
                    return Says("");
                case ("/sbin/sysctl", [var setting]):
                    Settings.Add(setting[..^2]);
                    return Says($"{setting[..^2]}: 0 -> 1\n");
                case ("/sbin/pfctl", ["-e"]):
                    IsPfEnabled = true;
                    return new ProcessResult(new ExitStatus(0), "", "pf enabled\n");
                case ("/sbin/pfctl", ["-f", _]):
                    Calls.UnionWith(AllCalls);
                    return Says("");
                case ("/usr/sbin/service", ["devfs", "onestart"]):
                    HasDeviceRules = true;
                    return Says("");
                case ("/usr/sbin/sysrc", [.., var setting]):
                    Rc.Add(setting);
                    return Says("");
                default:
                    throw new NotSupportedException($"nobody has seen what this says: {command}");
            }
        }

        private static ProcessResult Says(string output) => new(new ExitStatus(0), output, "");

        private static ProcessResult Fails(string error) => new(new ExitStatus(1), "", error + "\n");
    }
}
