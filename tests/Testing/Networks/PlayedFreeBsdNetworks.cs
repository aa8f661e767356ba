using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Testing.Networks;

/// <summary>
/// Plays what ifconfig, route, jail, jexec, pfctl, netstat and sysctl of a FreeBSD host do to its interfaces, jails and rules, and says what those of
/// FreeBSD 13.2 were seen to say. Knows the commands that our drivers give and no others.
/// </summary>
public sealed class PlayedFreeBsdNetworks : IProcessRunner
{
    private const string NoError = "";

    private readonly Dictionary<string, Device> devices = new(StringComparer.Ordinal) { ["vtnet0"] = new Device(), ["lo0"] = new Device() };
    private readonly HashSet<string> jails = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> anchors = new(StringComparer.Ordinal);
    private readonly HashSet<string> routed = new(StringComparer.Ordinal);
    private readonly List<CommandLine> commands = [];

    public IReadOnlyList<CommandLine> Commands => commands;

    /// <summary>The command lines as a person would type them, one a line, and what was piped into them.</summary>
    public string Transcript => string.Concat(commands.Select(command => $"{command}\n{string.Concat(TextOf(command).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => $"    {line}\n"))}"));

    /// <summary>The same without what was piped into them.</summary>
    public string CommandLines => string.Concat(commands.Select(command => $"{command}\n"));

    /// <summary>Asked before each command: what it is to come to instead; null lets it do what it does.</summary>
    public Func<CommandLine, ProcessResult?> Instead { get; set; } = _ => null;

    /// <summary>What <c>pfctl -si</c> says first.</summary>
    public string PfInfo { get; set; } = "Status: Enabled for 0 days 00:03:44           Debug: Urgent\n";

    /// <summary>What <c>pfctl -sn</c> says: translation of the main rules.</summary>
    public string PfTranslation { get; set; } = "nat-anchor \"kleene/*\" all\nrdr-anchor \"kleene/*\" all\n";

    /// <summary>What <c>pfctl -sr</c> says: filtering of the main rules.</summary>
    public string PfFiltering { get; set; } = "anchor \"kleene/*\" all\n";

    /// <summary>What <c>netstat --libxo json -rn</c> says.</summary>
    public string Routes { get; set; } =
        """{"statistics": {"route-information": {"route-table": {"rt-family": [{"address-family":"Internet", "rt-entry": [{"destination":"default","gateway":"10.0.2.2","flags":"UGS", "flags_pretty": ["up","gateway","static"],"weight":1,"interface-name":"vtnet0"}, {"destination":"10.0.2.0/24","gateway":"link#1","flags":"U", "flags_pretty": ["up"],"weight":1,"interface-name":"vtnet0"}, {"destination":"10.0.2.15","gateway":"link#1","flags":"UHS", "flags_pretty": ["up","host","static"],"weight":1,"interface-name":"lo0"}, {"destination":"127.0.0.1","gateway":"link#2","flags":"UH", "flags_pretty": ["up","host"],"weight":1,"interface-name":"lo0"}]}]}}}}""";

    /// <summary>What is there beyond what the host began with: interfaces with their addresses, jails, rules.</summary>
    public IReadOnlyList<string> Remains =>
    [
        .. devices.Where(device => device.Key is not ("vtnet0" or "lo0")).Select(device => device.Key),
        .. devices.SelectMany(device => device.Value.Addresses.Select(address => $"{device.Key} {address}")),
        .. jails.Select(jail => $"jail {jail}"),
        .. anchors.Where(anchor => anchor.Value.Length > 0).Select(anchor => $"anchor {anchor.Key}"),
    ];

    /// <summary>The rules of an anchor, as they were loaded last.</summary>
    public string RulesOf(string anchor) => anchors.GetValueOrDefault(anchor, "");

    public void Start(CommandLine command) => throw new NotSupportedException($"nothing is left behind: {command}");

    public Task<ProcessResult> RunAsync(CommandLine command, ProcessOutput output, CancellationToken cancellationToken)
    {
        commands.Add(command);
        return Task.FromResult(Instead(command) ?? TryRun(command) ?? throw new NotSupportedException($"nobody has seen what this says: {command}"));
    }

    /// <summary>What a command of the network comes to; null when it is of something else.</summary>
    public ProcessResult? TryRun(CommandLine command) => command.Program switch
    {
        "/sbin/ifconfig" => Ifconfig(command.Arguments.AsSpan(), jail: null),
        "/usr/sbin/jexec" when command.Arguments[1] is "/sbin/ifconfig" or "/sbin/route" => Inside(command),
        "/usr/sbin/jail" when command.Arguments[0] is "-c" && command.Arguments.Contains("vnet") => MakeJail(command.Arguments[1]["name=".Length..]),
        "/usr/sbin/jail" when command.Arguments[0] is "-r" => RemoveJail(command.Arguments[1]),
        "/usr/sbin/jail" when command.Arguments[0] is "-m" => Jail(command.Arguments[1]["name=".Length..]),
        "/sbin/pfctl" => Pfctl(command),
        "/usr/bin/netstat" => Says(Routes),
        "/sbin/sysctl" when command.Arguments[0].EndsWith("=1", StringComparison.Ordinal) => Says($"{command.Arguments[0][..^2]}: 0 -> 1\n"),
        _ => null,
    };

    private static string TextOf(CommandLine command) => System.Text.Encoding.UTF8.GetString(command.Input.Span);

    private static ProcessResult Says(string output) => new(new ExitStatus(0), output, NoError);

    private static ProcessResult Fails(string error, string output = "", int code = 1) => new(new ExitStatus(code), output, error + "\n");

    private ProcessResult Inside(CommandLine command)
    {
        var jail = command.Arguments[0];
        if (!jails.Contains(jail))
        {
            return Fails($"jexec: jail \"{jail}\" not found");
        }

        if (command.Arguments[1] == "/sbin/ifconfig")
        {
            return Ifconfig(command.Arguments.AsSpan()[2..], jail);
        }

        var (family, gateway) = (command.Arguments[3], command.Arguments[5]);
        return routed.Add($"{jail} {family}") ? Says($"add net default: gateway {gateway}\n") : Fails("route: writing to routing socket: File exists", $"add net default: gateway {gateway} fib 0: route already in table\n");
    }

    private ProcessResult Ifconfig(ReadOnlySpan<string> words, string? jail)
    {
        switch (words)
        {
            case ["-g", var group]:
                return Says(string.Concat(devices.Where(device => device.Value.Groups.Contains(group)).Select(device => $"{device.Key}\n")));
            case ["epair", "create", "group", var first, "group", var second]:
                var pair = $"epair{FreeUnit("epair", "a")}";
                devices.Add($"{pair}a", new Device { Groups = [first, second] });
                devices.Add($"{pair}b", new Device());
                return Says($"{pair}a\n");
            case [var cloner, "create", "name", var name, "group", var group]:
                var unit = $"{cloner}{FreeUnit(cloner, "")}";
                if (devices.ContainsKey(name) || name.Length > 15)
                {
                    devices.Add(unit, new Device());
                    return Fails($"ifconfig: ioctl SIOCSIFNAME (set name): {(name.Length > 15 ? "File name too long" : "File exists")}", $"{unit}\n");
                }

                devices.Add(name, new Device { Groups = [group] });
                return Says($"{name}\n");
        }

        if (!devices.TryGetValue(words[0], out var device) || (device.Jail != jail && words[0] != "lo0"))
        {
            return Fails($"ifconfig: interface {words[0]} does not exist");
        }

        return words[1..] switch
        {
            [] => Says($"{words[0]}: flags=8863<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> metric 0 mtu 1500\n"),
            ["up"] => Says(""),
            ["destroy"] => Destroy(words[0]),
            ["addm", var member] => !devices.ContainsKey(member) ? Fails($"ifconfig: BRDGADD {member}: No such file or directory")
                : device.Members.Add(member) ? Says("") : Fails($"ifconfig: BRDGADD {member}: File exists"),
            ["vnet", var other] => Move(device, other),
            ["inet" or "inet6", var address, "alias"] => Add(device, jail, address),
            ["inet" or "inet6", var address, "-alias"] => device.Addresses.RemoveWhere(own => own.StartsWith($"{address}/", StringComparison.Ordinal)) > 0
                ? Says("") : Fails("ifconfig: ioctl (SIOCDIFADDR): Can't assign requested address"),
            _ => throw new NotSupportedException($"nobody has seen what this says: ifconfig {string.Join(' ', words.ToArray())}"),
        };
    }

    /// <summary>The loopback interface of a stack is not among those of the host.</summary>
    private static ProcessResult Add(Device device, string? jail, string address)
    {
        if (jail is null)
        {
            device.Addresses.Add(address);
        }

        return Says("");
    }

    private ProcessResult Destroy(string name)
    {
        foreach (var gone in name.StartsWith("epair", StringComparison.Ordinal) ? [$"{name[..^1]}a", $"{name[..^1]}b"] : new[] { name })
        {
            devices.Remove(gone);
        }

        return Says("");
    }

    private ProcessResult Move(Device device, string jail)
    {
        if (!jails.Contains(jail))
        {
            return Fails($"ifconfig: jail \"{jail}\" not found");
        }

        device.Jail = jail;
        return Says("");
    }

    private ProcessResult MakeJail(string name) => jails.Add(name) ? Says("") : Fails($"jail: \"{name}\" already exists");

    private ProcessResult Jail(string name) => jails.Contains(name) ? Says("") : Fails($"jail: \"{name}\" not found");

    private ProcessResult RemoveJail(string name)
    {
        foreach (var device in devices.Values.Where(device => device.Jail == name))
        {
            device.Jail = null;
        }

        routed.RemoveWhere(route => route.StartsWith($"{name} ", StringComparison.Ordinal));
        return jails.Remove(name) ? Says("") : Fails($"jail: \"{name}\" not found");
    }

    private ProcessResult Pfctl(CommandLine command)
    {
        switch (command.Arguments.AsSpan())
        {
            case ["-a", var anchor, "-f", "-"]:
                anchors[anchor] = TextOf(command);
                return Says("");
            case ["-si"]:
                return Says(PfInfo);
            case ["-sn"]:
                return Says(PfTranslation);
            case ["-sr"]:
                return Says(PfFiltering);
            default:
                throw new NotSupportedException($"nobody has seen what this says: {command}");
        }
    }

    private int FreeUnit(string cloner, string end) => Enumerable.Range(0, int.MaxValue).First(unit => !devices.ContainsKey($"{cloner}{unit}{end}"));

    private sealed class Device
    {
        public HashSet<string> Groups { get; init; } = [];

        public HashSet<string> Members { get; } = [];

        public HashSet<string> Addresses { get; } = [];

        public string? Jail { get; set; }
    }
}
