using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Testing.FreeBsd;

/// <summary>
/// Plays a machine with FreeBSD 13.2: answers zfs, jail, jls, jexec, mount, ifconfig, pfctl and their like as that was recorded to do, and remembers what they do to it. Trees are
/// real directories, so that what is copied into them is there. Programs in jails do what a test says.
/// </summary>
public sealed partial class FreeBsdMachine : IProcessRunner
{
    private readonly Lock gate = new();
    private readonly StringBuilder transcript = new();
    private readonly List<(Func<CommandLine, bool> Matches, Func<CommandLine, ProcessResult> Says)> failures = [];
    private readonly ConcurrentDictionary<string, byte> running = new(StringComparer.Ordinal);

    /// <param name="disk">A directory for what the datasets hold while they are not mounted.</param>
    /// <param name="root">The state directory, on which the dataset <c>tank/kleene</c> lies.</param>
    public FreeBsdMachine(string disk, string root)
    {
        this.disk = disk;
        datasets["tank/kleene"] = new Dataset($"{root}/zfs") { IsMounted = true };
        Directory.CreateDirectory(disk);
    }

    /// <summary>Runs a command of ours that another one of ours starts: its words behind the options that all have.</summary>
    public Func<string[], Task<int>>? OwnCommands { get; set; }

    /// <summary>The commands that changed something, as a person would type them, with what they read beneath them. Questions are left out: there is no end of them.</summary>
    public string Transcript
    {
        get
        {
            lock (gate)
            {
                return transcript.ToString();
            }
        }
    }

    /// <summary>Told of each command that changes something, before it does, while nothing else happens.</summary>
    public Action<string>? BeforeChange { get; set; }

    /// <summary>What is left that should not be: jails, mounts, pairs of interfaces, rules of rctl.</summary>
    public IEnumerable<string> Remains =>
    [
        .. jails.Keys.Select(name => $"jail {name}"), .. mounts.Select(mount => $"mount {mount.Node}"),
        .. interfaces.Keys.Where(name => name.StartsWith("epair", StringComparison.Ordinal)).Select(name => $"interface {name}"), .. resourceRules.Select(rule => $"rule {rule}"),
    ];

    public IEnumerable<string> Datasets => datasets.Keys.Where(name => name != "tank/kleene");

    /// <summary>A remark in the transcript.</summary>
    public void Note(string text)
    {
        lock (gate)
        {
            transcript.Append(CultureInfo.InvariantCulture, $"{text}\n");
        }
    }

    /// <summary>Forgets what was noted.</summary>
    public void Clear()
    {
        lock (gate)
        {
            transcript.Clear();
        }
    }

    /// <summary>Fails the next command that has all of these words, in the words of the real one.</summary>
    public void Fail(string[] words, int exitCode, string error, string output = "") => Fail(words, _ => new ProcessResult(new ExitStatus(exitCode), output, error));

    /// <summary>The same, where what it says depends on what it was told.</summary>
    public void Fail(string[] words, Func<CommandLine, ProcessResult> says)
    {
        lock (gate)
        {
            failures.Add((command => words.All(word => command.Program == word || command.Arguments.Contains(word)), says));
        }
    }

    /// <summary>Everything that the machine remembers now, but for what is on its disk.</summary>
    public Memory Remember() => new(
        datasets.ToDictionary(entry => entry.Key, entry => entry.Value.Clone()), new(jails), [.. mounts], interfaces.ToDictionary(entry => entry.Key, entry => entry.Value.Clone()), [.. resourceRules], [.. inmates.Select(inmate => inmate.Remembered())]);

    /// <summary>Makes the machine what it was, with its disk as somebody else has put that back.</summary>
    public void Restore(Memory memory)
    {
        lock (gate)
        {
            (datasets, jails, mounts, interfaces, resourceRules, inmates) = (memory.Datasets, memory.Jails, memory.Mounts, memory.Interfaces, memory.ResourceRules, memory.Inmates);
        }
    }

    /// <summary>What <see cref="Remember"/> gives; nobody else looks into it.</summary>
    public sealed class Memory
    {
        internal Memory(
            Dictionary<string, Dataset> datasets, Dictionary<string, RunningJail> jails, List<Mounted> mounts, Dictionary<string, Link> interfaces, List<string> resourceRules, List<Inmate> inmates) =>
            (Datasets, Jails, Mounts, Interfaces, ResourceRules, Inmates) = (datasets, jails, mounts, interfaces, resourceRules, inmates);

        internal Dictionary<string, Dataset> Datasets { get; }

        internal Dictionary<string, RunningJail> Jails { get; }

        internal List<Mounted> Mounts { get; }

        internal Dictionary<string, Link> Interfaces { get; }

        internal List<string> ResourceRules { get; }

        internal List<Inmate> Inmates { get; }
    }

    /// <summary>The power goes, and comes back: what was in memory is gone.</summary>
    public void Restart()
    {
        lock (gate)
        {
            failures.Clear();
            foreach (var inmate in inmates.ToList())
            {
                inmate.Kill(9);
            }

            inmates.Clear();
            jails.Clear();
            resourceRules.Clear();
            mounts.Clear();
            interfaces.Clear();
            UnmountAllDatasets();
        }
    }

    public void Start(CommandLine command)
    {
        if (OwnWords(command) is not { } words)
        {
            _ = RunAsync(command, ProcessOutput.Captured, CancellationToken.None);
            return;
        }

        // A program that is started has the open files that it is given for itself: numbers of its own, here.
        if (words is ["container", "supervise", ..])
        {
            words = [.. words[..3], .. command.InheritedFiles.Select(file => Duplicate((int)file.DangerousGetHandle()).ToString(CultureInfo.InvariantCulture))];
        }

        RunOwn(words);
    }

    /// <summary>Returns when no command of ours runs that others have started.</summary>
    public async Task SettleAsync()
    {
        while (!running.IsEmpty)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }
    }

    public async Task<ProcessResult> RunAsync(CommandLine command, ProcessOutput output, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var isLed = false;
        if (OwnWords(command) is ["container", "lead", var jail])
        {
            (command, isLed) = (Led(command, jail), true);
        }
        else if (OwnWords(command) is { } words && OwnCommands is { } own)
        {
            return new ProcessResult(new ExitStatus(await own(words)), "", "");
        }

        Task<ProcessResult> answer;
        lock (gate)
        {
            if (!IsQuestion(command))
            {
                BeforeChange?.Invoke(command.ToString());
                Write(command);
                if (isLed)
                {
                    Indent("on a terminal that a command of ours has made its own before");
                }
            }

            var failure = failures.FindIndex(failure => failure.Matches(command));
            if (failure >= 0)
            {
                answer = Task.FromResult(failures[failure].Says(command));
                failures.RemoveAt(failure);
            }
            else
            {
                answer = Answer(command, output, cancellationToken);
            }
        }

        return await answer;
    }

    private Task<ProcessResult> Answer(CommandLine command, ProcessOutput output, CancellationToken cancellationToken)
    {
        string[] words = [.. command.Arguments];
        return command.Program switch
        {
            "/sbin/zfs" => Task.FromResult(Zfs(words)),
            "/usr/sbin/jail" => Task.FromResult(Jail(words)),
            "/usr/sbin/jls" => Task.FromResult(ListJails(words)),
            "/usr/sbin/jexec" => Enter(command, output, cancellationToken),
            "/bin/ps" => Task.FromResult(ListProcesses(words)),
            "/bin/kill" => Task.FromResult(Kill(words)),
            "/sbin/mount" or "/sbin/mount_nullfs" => Task.FromResult(Mount(command.Program, words)),
            "/sbin/umount" => Task.FromResult(Unmount(words)),
            "/sbin/ifconfig" => Task.FromResult(Interface(words, jail: "")),
            "/sbin/pfctl" => Task.FromResult(PacketFilter(command)),
            "/usr/bin/netstat" => Task.FromResult(Done(Routes)),
            "/usr/bin/rctl" => Task.FromResult(ResourceRule(words)),
            "/sbin/sysctl" => Task.FromResult(Setting(words)),

            // A host that lacks nothing.
            "/sbin/kldstat" or "/usr/sbin/sysrc" => Task.FromResult(Done()),
            "/sbin/zpool" => Task.FromResult(Done("tank\n")),
            "/sbin/devfs" => Task.FromResult(Done("100 include 1\n200 include 2\n300 include 3\n400 path fuse unhide\n500 path zfs unhide\n")),
            _ => throw new ToolMissingException(command.Program),
        };
    }

    private static bool IsQuestion(CommandLine command) => command.Program switch
    {
        "/usr/sbin/jls" or "/bin/ps" or "/usr/bin/netstat" or "/sbin/kldstat" or "/usr/sbin/sysrc" or "/sbin/zpool" or "/sbin/devfs" => true,
        "/sbin/mount" => command.Arguments.Contains("json"),
        "/sbin/zfs" => command.Arguments[0] is "list" or "get",
        "/sbin/ifconfig" => command.Arguments[0] == "-g" || command.Arguments.Length == 1,
        "/sbin/pfctl" => command.Arguments[0].StartsWith("-s", StringComparison.Ordinal),
        "/sbin/sysctl" => !command.Arguments.Any(word => word.Contains('=', StringComparison.Ordinal)),
        "/usr/bin/rctl" => command.Arguments[0] == "-u",
        _ => false,
    };

    private void Write(CommandLine command)
    {
        transcript.Append(CultureInfo.InvariantCulture, $"$ {command}\n");
        if (command is { Program: "/usr/sbin/jail", Arguments: ["-f", var file, "-c", ..] })
        {
            Indent(File.ReadAllText(file));
        }

        Indent(Encoding.UTF8.GetString(command.Input.Span));
    }

    private void Indent(string text)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            transcript.Append(CultureInfo.InvariantCulture, $"  | {line}\n");
        }
    }

    private void RunOwn(string[] words)
    {
        var name = $"{string.Join(' ', words)} {Guid.NewGuid()}";
        running[name] = 0;
        _ = Task.Run(async () =>
        {
            try
            {
                await OwnCommands!(words); // Whoever starts commands of ours has said how.
            }
            finally
            {
                running.TryRemove(name, out _);
            }
        });
    }

    /// <summary>The words of one of our own commands, without the options that stand before the verb; null: it is another program.</summary>
    private static string[]? OwnWords(CommandLine command)
    {
        var storage = command.Arguments.IndexOf("--storage");
        return storage < 0 ? null : [.. command.Arguments[(storage + 2)..]];
    }

    private static ProcessResult Done(string output = "") => new(new ExitStatus(0), output, "");

    private static ProcessResult Failed(string error, int code = 1, string output = "") => new(new ExitStatus(code), output, error + "\n");

    private static int Duplicate(int descriptor) => dup(descriptor) is var copy and >= 0 ? copy : throw new IOException("dup");

    [LibraryImport("libc")]
    private static partial int dup(int descriptor);
}
