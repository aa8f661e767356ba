using System.Collections.Immutable;
using System.Runtime.Versioning;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>
/// Jails of the kernel, made and removed by jail(8) from one jail.conf each. A jail is made without a process and told to persist; the command is then run by
/// jexec(8), which becomes the command: only so is its end its own. When the command has ended the jail is removed, with every process in it.
/// </summary>
[SupportedOSPlatform("freebsd")]
public sealed partial class FreeBsdJailDriver : IJailDriver
{
    /// <summary>What a system in a jail may take to shut down.</summary>
    private static readonly TimeSpan ShutdownTime = TimeSpan.FromMinutes(1);

    private readonly IProcessRunner processes;
    private readonly JailMounter mounter;
    private readonly Lazy<string> jails;

    /// <param name="processes">Runs the system's tools.</param>
    /// <param name="root">The directory of all our state. What we keep of jails is in it: mounts are looked for by its name, so it is the one without links.</param>
    public FreeBsdJailDriver(IProcessRunner processes, string root)
    {
        this.processes = processes;
        mounter = new JailMounter(processes);
        jails = new Lazy<string>(() => Path.Join(RealPath(root), "jails"));
    }

    /// <summary>There is one table of mounts for all.</summary>
    public bool MountsForAll => true;

    public async Task<ExitStatus> RunAsync(JailSpec spec, ProcessOutput output, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var directory = DirectoryOf(spec.Id);
        ExitStatus exit;
        try
        {
            var command = await MakeAsync(spec, directory, runsShutdown: false, cancellationToken);
            exit = await BecomeAsync(command with { Started = directory.WriteProcessId }, spec.Process, output, cancellationToken);

            // The jail stays without processes until it is removed, and what the kernel has counted with it.
            if (spec.Measured is { } tell && await MeasureAsync(spec.Id, CancellationToken.None) is { } usage)
            {
                tell(usage);
            }
        }
        catch (Exception failure)
        {
            await RemoveAfterAsync(failure, spec.Id);
            throw;
        }

        await RemoveAsync(spec.Id, CancellationToken.None);
        return exit;
    }

    public async Task<ExitStatus> ExecAsync(string jailId, JailProcess process, ProcessOutput output, CancellationToken cancellationToken) =>
        await BecomeAsync(await JoinAsync(jailId, process, cancellationToken), process, output, cancellationToken);

    public async Task ExecDetachedAsync(string jailId, JailProcess process, CancellationToken cancellationToken) =>
        processes.Start(await JoinAsync(jailId, process, cancellationToken));

    public async Task SignalAsync(string jailId, int signal, CancellationToken cancellationToken)
    {
        // Its number may have gone to another process by now: only one that is in the jail gets the signal.
        if (DirectoryOf(jailId).ProcessId is not { } pid || (await ProcessesOfAsync(jailId, cancellationToken)).All(process => process.Id != pid))
        {
            throw new JailNotRunningException(jailId);
        }

        await SignalAsync(signal, [pid], cancellationToken);
    }

    /// <summary>A jail persists without processes, from its making to its command and from that one's end to its removal: then nothing of it runs.</summary>
    public async Task<bool> IsRunningAsync(string jailId, CancellationToken cancellationToken) => (await ProcessesOfAsync(jailId, cancellationToken)).Length > 0;

    public IReadOnlyList<string> List() =>
        Directory.Exists(jails.Value) ? [.. Directory.EnumerateDirectories(jails.Value).Select(path => Path.GetFileName(path))] : [];

    public IReadOnlyCollection<string> MadeMountPoints(string jailId) => DirectoryOf(jailId).ReadMountPoints();

    public bool MapsUsers => false;

    public void Require(ImmutableArray<string> parameters)
    {
        foreach (var parameter in parameters)
        {
            _ = JailParameter.Parse(parameter);
        }
    }

    public async Task RemoveAsync(string jailId, CancellationToken cancellationToken)
    {
        var directory = DirectoryOf(jailId);
        if (!directory.Exists)
        {
            return;
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (File.Exists(directory.ControlSocket))
        {
            // A supervisor whose command was never let go would wait for ever. One whose command runs learns of its end, and one that has ended hears nothing.
            await SupervisorSocket.AskAsync(directory.ControlSocket, "leave", cancellationToken);
        }

        if (directory.Name is { } name)
        {
            if (await ExistsAsync(name, cancellationToken))
            {
                await RemoveJailAsync(directory, name, cancellationToken);
            }

            if (directory.HasLimits)
            {
                // Rules outlive the jail. That there is none any more is what was wanted.
                await processes.RunAsync(CommandLine.Of(FreeBsdTools.ResourceLimits, "-r", ResourceRules.SubjectOf(name)), ProcessOutput.Captured, cancellationToken);
            }
        }

        if (directory.Root is not null)
        {
            await mounter.UnmountAsync(directory, cancellationToken);
            directory.RemoveMountPoints();
        }

        directory.Delete();
    }

    /// <summary>With all that it does at its end; and without, when that fails or hangs.</summary>
    private async Task RemoveJailAsync(JailDirectory directory, string name, CancellationToken cancellationToken)
    {
        try
        {
            var removal = CommandLine.Of(FreeBsdTools.Jail, "-f", directory.ConfFile, "-r", name) with { Timeout = ShutdownTime };
            if ((await processes.RunAsync(removal, ProcessOutput.Captured, cancellationToken)).Exit.Success)
            {
                return;
            }
        }
        catch (ProcessTimeoutException)
        {
            // Its own shutdown hangs. It had its time.
        }

        if (await ExistsAsync(name, cancellationToken))
        {
            await processes.RunToolAsync(CommandLine.Of(FreeBsdTools.Jail, "-R", name), cancellationToken);
        }
    }

    private JailDirectory DirectoryOf(string id) => JailDirectory.At(jails.Value, id);

    /// <summary>Makes a jail with all that is mounted in it, and no process.</summary>
    /// <returns>The command that becomes its first process.</returns>
    private async Task<CommandLine> MakeAsync(JailSpec spec, JailDirectory directory, bool runsShutdown, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new JailStartException(JailStartFailure.Jail, "jails are made by root only; use su(1) or sudo");
        }

        RequireKnown(spec);
        if (!directory.TryCreate())
        {
            if (await IsRunningAsync(spec.Id, cancellationToken))
            {
                throw new JailStartException(JailStartFailure.Jail, $"'{spec.Id}' is already running");
            }

            // What a process of ours left that did not live to clean up.
            await RemoveAsync(spec.Id, cancellationToken);
            directory.TryCreate();
        }

        spec = spec with { Root = RealPath(spec.Root) };
        var name = JailName.Of(spec.Id, spec.Network);
        CommandLine command;
        using (var tree = OpenTree(spec))
        {
            var user = UserDatabase.Read(tree).Resolve(spec.Process);
            var hostname = JailParameters.HostnameOf(spec);
            var process = spec.Process with { Environment = JailEnvironment.Complete(spec.Process, user, hostname) };
            CommandLookup.Check(tree, process, JailEnvironment.ValueOf(process.Environment, "PATH")!, CoveredBy(spec));
            command = JailCommand.Of(name, process, user);
            directory.WriteNetworkFiles(NetworkFiles.HostsText(hostname, spec.ExtraHosts), spec.Resolver ?? NetworkFiles.ResolverText(spec.Network));
            JailMounter.MakePlaces(spec, directory, tree);
            runsShutdown = runsShutdown && tree.TryStat("/etc/rc.shutdown", followLink: true) is { Kind: FileKind.Regular } && tree.TryStat("/bin/sh", followLink: true) is not null;
        }

        var root = await mounter.MountAsync(spec, directory, cancellationToken);
        directory.WriteConf(name, JailParameters.Of(spec, root, runsShutdown));
        await LimitAsync(directory, name, spec.Limits, cancellationToken);
        var creation = CommandLine.Of(FreeBsdTools.Jail, "-f", directory.ConfFile, "-c", name);
        var result = await processes.RunAsync(creation, ProcessOutput.Captured, cancellationToken);
        if (!result.Exit.Success)
        {
            throw JailErrors.OfCreation(result, spec.Id);
        }

        if (spec.Network == JailNetwork.None)
        {
            // A new stack has a loopback interface, which is down (vnet(9)).
            await processes.RunToolAsync(CommandLine.Of(FreeBsdTools.JailExec, name, $"{JailCommand.HelperDirectory}/ifconfig", "lo0", "inet", "127.0.0.1/8", "up"), cancellationToken);
        }

        return command;
    }

    /// <summary>The command that becomes one more process of a jail that runs.</summary>
    private async Task<CommandLine> JoinAsync(string jailId, JailProcess process, CancellationToken cancellationToken)
    {
        var directory = DirectoryOf(jailId);
        if (directory.Name is not { } name || directory.Root is not { } root || !await ExistsAsync(name, cancellationToken))
        {
            throw new JailNotRunningException(jailId);
        }

        using var tree = RootedDirectory.TryOpen(root) ?? throw new JailNotRunningException(jailId);
        var user = UserDatabase.Read(tree).Resolve(process);
        var complete = process with { Environment = JailEnvironment.Complete(process, user, hostname: null) };
        CommandLookup.Check(tree, complete, JailEnvironment.ValueOf(complete.Environment, "PATH")!, hidden: [JailCommand.HelperDirectory]);
        return JailCommand.Of(name, complete, user);
    }

    /// <summary>Cancelling kills the process, which jexec has become; what it started is left to the jail's end.</summary>
    private async Task<ExitStatus> BecomeAsync(CommandLine command, JailProcess process, ProcessOutput output, CancellationToken cancellationToken)
    {
        var result = await processes.RunAsync(command with { Grace = TimeSpan.Zero }, output, cancellationToken);
        return JailErrors.OfStart(result, process.Argv[0]) is { } failure ? throw failure
            : JailErrors.SaysNotFound(result, command.Arguments[0]) ? throw new JailNotRunningException(command.Arguments[0])
            : result.Exit;
    }

    private async Task<bool> ExistsAsync(string name, CancellationToken cancellationToken)
    {
        var command = CommandLine.Of(FreeBsdTools.JailList, "--libxo", "json", "-v", "-j", name);
        var result = await processes.RunAsync(command, ProcessOutput.Captured, cancellationToken);
        return result.Exit.Success ? RunningJails.ParseNames(result.Output).Contains(name)
            : JailErrors.SaysNotFound(result, name) ? false
            : throw new ProcessFailedException(command, result);
    }

    /// <summary>By the names of mounts, which have no links in them, all paths are compared (mount(8) resolves them).</summary>
    private static string RealPath(string path)
    {
        using var system = RootedDirectory.Open("/");
        return "/" + system.RealPath(path).ToString().TrimStart('/');
    }

    private static RootedDirectory OpenTree(JailSpec spec) => RootedDirectory.TryOpen(spec.Root)
        ?? throw new JailStartException(JailStartFailure.Jail, $"the jail's root '{spec.Root}' is not a directory that can be read");

    /// <summary>Beneath these the tree does not show what the jail will see.</summary>
    private static ImmutableArray<string> CoveredBy(JailSpec spec) =>
        ["/dev", .. spec.Mounts.Select(mount => mount.Destination), .. spec.Files.Select(file => file.Destination)];

    /// <exception cref="JailStartException">Something is asked for that this system does not have.</exception>
    private static void RequireKnown(JailSpec spec)
    {
        ResourceRules.RequireKnown(spec.Limits);
        var grants = spec.Grants;
        var missing = spec switch
        {
            _ when !grants.AddedCapabilities.IsEmpty || !grants.DroppedCapabilities.IsEmpty => "capabilities",
            _ when grants.AllowsAllSystemCalls || grants.SystemCallProfile.Length > 0 => "filters of system calls",
            _ when !grants.Sysctls.IsEmpty => "settings of the kernel for one jail",
            _ when !grants.Devices.IsEmpty => "single devices",
            _ when grants.HasInit => "an init program that is brought along",
            _ when spec.IsPrivileged => "jails without walls",
            _ when !spec.Ulimits.IsEmpty => "limits of each process",
            _ => null,
        };
        if (missing is not null)
        {
            throw new JailStartException(JailStartFailure.Jail, $"{missing} are Linux's and not to be had on this system; what a jail may do is said with --jailparam, as --jailparam allow.raw_sockets");
        }
    }

    private async Task RemoveAfterAsync(Exception failure, string jailId)
    {
        try
        {
            await RemoveAsync(jailId, CancellationToken.None);
        }
        catch (Exception second)
        {
            failure.Data["cleaning up"] = second;
        }
    }
}
