using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Kleene.Build.Runtime.Jails.FreeBsd;
using Kleene.Build.Runtime.Processes;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Testing.FreeBsd;

/// <summary>Jails, and what runs in them.</summary>
public sealed partial class FreeBsdMachine
{
    private const int FirstProcess = 611;

    private Dictionary<string, RunningJail> jails = new(StringComparer.Ordinal);
    private List<Inmate> inmates = [];
    private readonly List<(string Word, Func<Inmate, Task<int>> Act)> acts = [];
    private List<string> resourceRules = [];
    private int lastProcess = FirstProcess - 1;

    /// <summary>04 and 07: what jail(8) mounts when it is told to, in this order, whichever the parameters have.</summary>
    private static readonly (string Kind, string Place)[] JailMounts = [("devfs", "dev"), ("fdescfs", "dev/fd"), ("procfs", "proc")];

    /// <summary>Whether the kernel counts what jails use.</summary>
    public bool CountsResources { get; set; } = true;

    /// <summary>Says what a program does that has this word among its arguments. Others do nothing, and succeed.</summary>
    public void On(string word, Func<Inmate, Task<int>> act) => acts.Add((word, act));

    internal sealed record RunningJail(string Path, IReadOnlyDictionary<string, string> Parameters);

    /// <summary>A process in a jail.</summary>
    public sealed class Inmate
    {
        public required int Id { get; init; }

        public required string Jail { get; init; }

        /// <summary>Where its jail's root is on the host.</summary>
        public required string Root { get; init; }

        public required CommandLine Command { get; init; }

        /// <summary>Takes a line that it prints.</summary>
        public required Action<OutputKind, string> Print { get; init; }

        /// <summary>The signal that ends it.</summary>
        public Task<int> Killed => killed.Task;

        private readonly TaskCompletionSource<int> killed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Whether it is only remembered: nobody acts for it any more, and the first signal ends it.</summary>
        internal bool IsRemembered { get; init; }

        internal Inmate Remembered() => new() { Id = Id, Jail = Jail, Root = Root, Command = Command, Print = Print, IsRemembered = true };

        internal void Kill(int signal) => killed.TrySetResult(signal);
    }

    private ProcessResult Jail(string[] words)
    {
        switch (words)
        {
            case ["-f", var file, "-c", var name]:
                return File.Exists(file) ? Create(name, ReadConf(File.ReadAllText(file)), isTold: true) : Failed($"jail: {file}: No such file or directory");
            case ["-f", _, "-r", var name]:
                return Remove(name, isTold: true);
            case ["-r" or "-R", var name]:
                return Remove(name, isTold: false);
            case ["-m", ..]:
                return Done();
            case ["-c", .. var parameters]:
                var read = parameters.Select(word => word.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair.Length > 1 ? pair[1] : "", StringComparer.Ordinal);
                return Create(read["name"], read, isTold: false);
            default:
                throw new InvalidOperationException($"jail {string.Join(' ', words)}: nobody has said what it does");
        }
    }

    private ProcessResult Create(string name, Dictionary<string, string> parameters, bool isTold)
    {
        var prefix = isTold ? $"{name}: " : "";
        if (jails.ContainsKey(name))
        {
            return Failed($"jail: \"{name}\" already exists");
        }

        if (name.Split('.') is [var parent, _] && !jails.ContainsKey(parent))
        {
            return Failed($"jail: {prefix}jail \"{parent}\" not found");
        }

        if (parameters.Keys.FirstOrDefault(key => key.StartsWith("nosuch.", StringComparison.Ordinal)) is { } unknown)
        {
            return Failed($"jail: unknown parameter: {unknown}");
        }

        var path = parameters["path"];
        if (!Directory.Exists(path))
        {
            return Failed($"jail: {prefix}path {path}: No such file or directory");
        }

        jails[name] = new RunningJail(path, parameters);
        foreach (var (kind, place) in JailMounts.Where(mount => parameters.ContainsKey($"mount.{mount.Kind}")))
        {
            // Nobody has heard what jail(8) says then: it must not come to that. What lies in devfs is there with it.
            if (!Directory.Exists(Path.Join(path, place)) && !(place.StartsWith("dev/", StringComparison.Ordinal) && parameters.ContainsKey("mount.devfs")))
            {
                throw new InvalidOperationException($"'{path}' has no '{place}' for {kind}");
            }

            mounts.Add(new Mounted(kind, Path.Join(path, place), kind));
        }

        return Done(isTold ? $"{name}: created\n" : "");
    }

    private ProcessResult Remove(string name, bool isTold)
    {
        if (!jails.Remove(name, out var jail))
        {
            return Failed($"jail: \"{name}\" not found");
        }

        foreach (var child in jails.Keys.Where(child => child.StartsWith($"{name}.", StringComparison.Ordinal)).ToList())
        {
            jails.Remove(child);
        }

        foreach (var inmate in inmates.Where(inmate => inmate.Jail == name).ToList())
        {
            inmate.Kill(9);
            inmates.Remove(inmate);
        }

        // Only who has read a file knows what was mounted.
        if (isTold)
        {
            mounts.RemoveAll(mount => JailMounts.Any(own => mount.Type == own.Kind && mount.Node == Path.Join(jail.Path, own.Place)));
        }

        foreach (var returned in interfaces.Values.Where(entry => entry.Jail == name))
        {
            returned.Jail = "";
        }

        return Done(isTold ? $"{name}: removed\n" : "");
    }

    private ProcessResult ListJails(string[] words) => words is ["--libxo", "json", "-v", "-j", var name]
        ? jails.TryGetValue(name, out var jail)
            ? Done($$$"""{"__version": "2", "jail-information": {"jail": [{"jid":35,"hostname":"{{{jail.Parameters.GetValueOrDefault("host.hostname")}}}","path":"{{{jail.Path}}}","name":"{{{name}}}","state":"ACTIVE","cpusetid":3, "ipv4_addrs": [], "ipv6_addrs": []}]}}""" + "\n")
            : Failed($"jls: jail \"{name}\" not found", output: """{"__version": "2", "jail-information": {"jail": []}}""")
        : throw new InvalidOperationException($"jls {string.Join(' ', words)}: nobody has said what it does");

    private async Task<ProcessResult> Enter(CommandLine command, ProcessOutput output, CancellationToken cancellationToken)
    {
        var (name, words) = (command.Arguments[0], command.Arguments[1..]);
        if (!jails.TryGetValue(name, out var jail))
        {
            return Failed($"jexec: jail \"{name}\" not found");
        }

        // The host's own programs, in a jail that has its root, or those of /rescue.
        if (words is ["/sbin/ifconfig" or "/.kleene/ifconfig", .. var link])
        {
            return Interface([.. link], name);
        }

        if (words[0] == "/sbin/route")
        {
            return Done($"add net default: gateway {words[^1]}\n");
        }

        var sink = (output as ProcessOutput.Forward)?.Sink;
        using var terminal = output is ProcessOutput.Redirect { IsTerminal: true } given ? new FileStream(new SafeFileHandle(Duplicate((int)given.File.DangerousGetHandle()), ownsHandle: true), FileAccess.Write, bufferSize: 0) : null;
        var inmate = new Inmate
        {
            Id = ++lastProcess,
            Jail = name,
            Root = jail.Path,
            Command = command,
            Print = (stream, line) =>
            {
                sink?.WriteLine(stream, line);
                terminal?.Write(Encoding.UTF8.GetBytes($"{line}\n"));
            },
        };
        inmates.Add(inmate);
        command.Started?.Invoke(inmate.Id);
        var act = acts.FirstOrDefault(act => words.Contains(act.Word)).Act ?? (_ => Task.FromResult(0));
        using var cancelled = cancellationToken.Register(() => inmate.Kill(9));

        // What it does takes no part in what the machine is asked meanwhile.
        var (exit, signal) = await Task.Run(async () =>
        {
            var acting = act(inmate);
            return await Task.WhenAny(acting, inmate.Killed) == acting ? (await acting, 0) : (0, await inmate.Killed);
        }, CancellationToken.None);
        lock (gate)
        {
            inmates.Remove(inmate);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return new ProcessResult(new ExitStatus(exit, signal), "", "");
    }

    /// <summary>A command of ours that becomes the first process of a jail, on a terminal: what it becomes has its number and its streams.</summary>
    private static CommandLine Led(CommandLine command, string jail)
    {
        var state = command.Arguments[command.Arguments.IndexOf("--root") + 1];
        return SupervisionRecord.Read(JailDirectory.At(Path.Join(state, "jails"), jail).SupervisionFile).Command with { Started = command.Started };
    }

    private ProcessResult ListProcesses(string[] words)
    {
        var found = inmates.Where(inmate => inmate.Jail == words[1]).Select(inmate =>
            string.Create(CultureInfo.InvariantCulture, $"{inmate.Id}  35 root SC+J {string.Join(' ', inmate.Command.Arguments.Skip(1))}\n")).ToList();
        return found.Count > 0 ? Done("PID JID USER STAT COMMAND\n" + string.Concat(found)) : Failed("", output: "PID JID USER STAT COMMAND\n");
    }

    private ProcessResult Kill(string[] words)
    {
        var signal = int.Parse(words[0].AsSpan(1), CultureInfo.InvariantCulture);
        foreach (var pid in words.Skip(1).Select(word => int.Parse(word, CultureInfo.InvariantCulture)))
        {
            if (inmates.Find(inmate => inmate.Id == pid) is { } inmate)
            {
                inmate.Kill(signal);
                inmates.RemoveAll(other => other == inmate && other.IsRemembered);
            }
        }

        return Done();
    }

    private ProcessResult ResourceRule(string[] words)
    {
        switch (words)
        {
            case ["-a", var rule]:
                resourceRules.Add(rule);
                return Done();
            case ["-r", var subject]:
                return resourceRules.RemoveAll(rule => rule.StartsWith($"{subject}:", StringComparison.Ordinal)) > 0 ? Done() : Failed($"rctl: failed to remove rule '{subject}': No such process");
            default:
                return Done("cputime=22\nmemoryuse=0\nmaxproc=0\n");
        }
    }

    private ProcessResult Setting(string[] words) => words switch
    {
        ["-n", "kern.racct.enable"] => Done(CountsResources ? "1\n" : "0\n"),
        ["-n", _] => Done("1\n"),
        [var assigned] => Done($"{assigned.Split('=')[0]}: 0 -> 1\n"),
        _ => Failed($"sysctl: unknown oid '{words[^1]}'"),
    };

    private static Dictionary<string, string> ReadConf(string text)
    {
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Match match in Parameter().Matches(text))
        {
            read[match.Groups["name"].Value] = Regex.Unescape(match.Groups["value"].Value);
        }

        return read;
    }

    [GeneratedRegex("""^    (?<name>[a-z0-9_.]+)( \+?= "(?<value>([^"\\]|\\.)*)")?;$""", RegexOptions.Multiline)]
    private static partial Regex Parameter();
}
