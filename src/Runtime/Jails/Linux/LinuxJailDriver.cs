using System.Collections.Immutable;
using System.Text.Json;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Jails.Linux.Launching;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Terminals;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>Jails of namespaces and control groups, made by an OCI runtime, one process a start; those that nobody joins by our own <see cref="Launcher"/>.</summary>
public sealed partial class LinuxJailDriver : IJailDriver, IDisposable
{
    private readonly IProcessRunner processes;
    private readonly Lazy<string> state;
    private readonly Lazy<string> bundles;
    private readonly Lazy<JailHost> host;
    private readonly Lazy<JailTools> tools;
    private readonly Lazy<Launcher?> launcher;
    private readonly RuntimeStatus status;
    private readonly ForegroundRuntime foreground;

    /// <param name="processes">Runs the runtime.</param>
    /// <param name="stateDirectory">Where bundles and the runtime's state are kept; all processes of ours that share jails share it.</param>
    /// <param name="runtime"><c>crun</c>, <c>runc</c> or a path, for every jail; null: what is installed, where the launcher does not do. Looked for when the first jail needs it.</param>
    public LinuxJailDriver(IProcessRunner processes, string stateDirectory, string? runtime = null)
        : this(processes, new Lazy<string>(Path.GetFullPath(stateDirectory)), runtime)
    {
    }

    internal LinuxJailDriver(IProcessRunner processes, string stateDirectory, JailHost host, JailTools tools)
        : this(processes, new Lazy<string>(stateDirectory), new Lazy<JailHost>(host), _ => tools, launches: false)
    {
    }

    private LinuxJailDriver(IProcessRunner processes, Lazy<string> stateDirectory, string? runtime)
        : this(processes, stateDirectory, new Lazy<JailHost>(JailHost.Find), host => JailTools.Find(runtime, host, stateDirectory.Value), launches: string.IsNullOrEmpty(runtime))
    {
    }

    private LinuxJailDriver(IProcessRunner processes, Lazy<string> stateDirectory, Lazy<JailHost> host, Func<HostFacts, JailTools> findTools, bool launches)
    {
        this.processes = processes;
        this.host = host;
        state = new Lazy<string>(() => Path.GetFullPath(stateDirectory.Value));
        bundles = new Lazy<string>(() => Path.Join(state.Value, "bundles"));
        tools = new Lazy<JailTools>(() => findTools(host.Value.Facts));
        launcher = new Lazy<Launcher?>(() => launches ? Launcher.TryFind(host.Value.Facts, host.Value.Groups, processes) : null);
        status = new RuntimeStatus(processes, tools);
        foreground = new ForegroundRuntime(processes, host, tools);
    }

    /// <summary>A hint that a jail will be started soon by this process. Costs nothing and may save the first start some 10 ms.</summary>
    public static void Anticipate() => ControlGroupLock.Anticipate();

    /// <summary>A driver that keeps what it must where it is fastest. A command that starts no jail does not even look where that is.</summary>
    /// <param name="root">The directory of all our state.</param>
    /// <param name="runtime"><c>crun</c>, <c>runc</c> or a path; null: what is installed.</param>
    public static LinuxJailDriver For(IProcessRunner processes, string root, string? runtime) =>
        new(processes, new Lazy<string>(() => JailStateDirectory.For(root)), runtime);

    public bool MountsForAll => false;

    public bool MapsUsers => true;

    public void Require(ImmutableArray<string> parameters)
    {
        if (!parameters.IsEmpty)
        {
            throw new KleeneException(
                $"'--jailparam {parameters[0]}' is FreeBSD's: jail(8) knows it, and this system has no jail(8); capabilities, --sysctl and --security-opt say here what a container may do");
        }
    }

    public async Task<ExitStatus> RunAsync(JailSpec spec, ProcessOutput output, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var traced = Tracer.Begin("jail", spec.Id);
        Anticipate();
        Require(spec.Parameters);
        if (spec.Users is not null)
        {
            // It would make our streams its superuser's, a file or device behind them included.
            throw new InvalidOperationException("a jail with users of its own is supervised");
        }

        var bundle = Bundle.At(bundles.Value, spec.Id);
        using var tree = JailPreparation.OpenTree(spec);
        using var mountPoints = new MountPoints(tree);
        await CreateAsync(bundle, cancellationToken);
        ExitStatus exit;
        try
        {
            var jail = new JailPreparation(host.Value, state.Value).Prepare(spec, bundle, tree, mountPoints);
            exit = Launcher.Knows(spec) && launcher.Value is { } quick && quick.TryPrepare(bundle.Id)
                ? await quick.RunAsync(jail, bundle, tree, output, cancellationToken)
                : await foreground.RunAsync(jail, bundle, tree, output, cancellationToken);
        }
        catch (Exception failure)
        {
            try
            {
                CleanUp(bundle, mountPoints);
            }
            catch (Exception second)
            {
                failure.Data["cleaning up"] = second;
            }

            throw;
        }

        CleanUp(bundle, mountPoints);
        return exit;
    }

    public async Task CreateAsync(JailSpec spec, JailSupervision supervision, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Anticipate();
        Require(spec.Parameters);
        var runtime = tools.Value.Runtime;
        var conmon = new Conmon(Conmon.Locate(), runtime, processes);
        var bundle = Bundle.At(bundles.Value, spec.Id);
        using var tree = JailPreparation.OpenTree(spec);
        using var mountPoints = new MountPoints(tree);
        await CreateAsync(bundle, cancellationToken);
        try
        {
            var jail = new JailPreparation(host.Value, state.Value).Prepare(spec, bundle, tree, mountPoints);
            bundle.WriteConfig(tools.Value.Config.Write(jail.Spec, jail.User, spec.Process.Terminal ? WindowSize.TryOfInput() : null, bundle.Directory));
            if (await conmon.CreateAsync(bundle, spec.Process.Terminal, supervision, cancellationToken) is { } complaint)
            {
                throw runtime.StartFailure(RuntimeLog.LastError(bundle.LogFile) ?? complaint, bundle.Id, tree, spec.Process);
            }

            HostDevices.GiveBack();
        }
        catch (Exception failure)
        {
            await RemoveAfterAsync(failure, bundle.Id);
            throw;
        }
    }

    public async Task StartAsync(string jailId, CancellationToken cancellationToken)
    {
        var bundle = Bundle.At(bundles.Value, jailId);
        try
        {
            var command = tools.Value.Runtime.Start(bundle);
            var result = await processes.RunAsync(command, ProcessOutput.Captured, cancellationToken);
            if (!result.Exit.Success)
            {
                throw RuntimeLog.LastError(bundle.LogFile) is { } error
                    ? new JailStartException(RuntimeLog.Classify(error), $"'{jailId}' could not be started: {error}")
                    : new ProcessFailedException(command, result);
            }
        }
        catch (Exception failure)
        {
            await RemoveAfterAsync(failure, jailId);
            throw;
        }
    }

    public IJailConsole Attach(string jailId) => ConmonConsole.Connect(Bundle.At(bundles.Value, jailId));

    public void ReopenLog(string jailId) => Bundle.At(bundles.Value, jailId).Tell("2 0 0");

    public JailEnd? EndOf(string jailId) => Bundle.At(bundles.Value, jailId).ReadEnd();

    public async Task<ExitStatus> ExecAsync(string jailId, JailProcess process, ProcessOutput output, CancellationToken cancellationToken)
    {
        var result = await EnterAsync(
            jailId,
            process,
            async (bundle, entry) =>
            {
                using var window = process.Terminal ? TerminalWindow.Follow(entry.ProcessIdFile) : null;
                var command = tools.Value.Runtime.Exec(bundle, entry.ProcessFile, entry.ProcessIdFile, entry.LogFile);
                return await KillableRun.RunAsync(processes, command, output, () => KillProcess(entry.ProcessIdFile), () => Task.CompletedTask, cancellationToken);
            },
            cancellationToken);
        return result.Exit;
    }

    public async Task ExecDetachedAsync(string jailId, JailProcess process, CancellationToken cancellationToken) =>
        await EnterAsync(
            jailId,
            process,
            async (bundle, entry) =>
            {
                // What is left behind keeps the streams of the runtime: a pipe would break when we end.
                using var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                var command = tools.Value.Runtime.ExecDetached(bundle, entry.ProcessFile, entry.ProcessIdFile, entry.LogFile);
                var result = await processes.RunAsync(command, ProcessOutput.AllToFile(nothing), cancellationToken);
                return result.Exit.Success || RuntimeLog.LastError(entry.LogFile) is not null ? result : throw new ProcessFailedException(command, result);
            },
            cancellationToken);

    public async Task SignalAsync(string jailId, int signal, CancellationToken cancellationToken)
    {
        if (!Bundle.At(bundles.Value, jailId).Exists)
        {
            throw new JailNotRunningException(jailId);
        }

        var command = tools.Value.Runtime.Kill(jailId, signal);
        var result = await processes.RunAsync(command, ProcessOutput.Captured, cancellationToken);
        if (!result.Exit.Success)
        {
            throw await IsRunningAsync(jailId, cancellationToken)
                ? new ProcessFailedException(command, result)
                : new JailNotRunningException(jailId);
        }
    }

    public async Task<bool> PauseAsync(string jailId, CancellationToken cancellationToken)
    {
        if (await status.AskAsync(Bundle.At(bundles.Value, jailId), cancellationToken) is { IsPaused: true })
        {
            return false;
        }

        await ChangeAsync(jailId, tools.Value.Runtime.Pause(jailId), cancellationToken);
        return true;
    }

    public Task<bool> HoldAsync(string jailId, CancellationToken cancellationToken) => host.Value.Groups.TryFreezeAsync(jailId, isFrozen: true, cancellationToken);

    public Task ReleaseAsync(string jailId, CancellationToken cancellationToken) => host.Value.Groups.TryFreezeAsync(jailId, isFrozen: false, cancellationToken);

    public async Task ResumeAsync(string jailId, CancellationToken cancellationToken)
    {
        if (await status.AskAsync(Bundle.At(bundles.Value, jailId), cancellationToken) is not { IsPaused: false })
        {
            await ChangeAsync(jailId, tools.Value.Runtime.Resume(jailId), cancellationToken);
        }
    }

    public async Task<bool> IsRunningAsync(string jailId, CancellationToken cancellationToken)
    {
        var bundle = Bundle.At(bundles.Value, jailId);
        return bundle.HasConfig ? await status.AskAsync(bundle, cancellationToken) is not null : bundle.Exists && host.Value.Groups.ProcessesOf(jailId).Count > 0;
    }

    public IReadOnlyList<string> List() =>
        Directory.Exists(bundles.Value) ? [.. Directory.EnumerateDirectories(bundles.Value).Select(path => Path.GetFileName(path))] : [];

    public async Task RemoveAsync(string jailId, CancellationToken cancellationToken)
    {
        var bundle = Bundle.At(bundles.Value, jailId);
        if (!bundle.Exists)
        {
            return;
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (bundle.HasConfig)
        {
            await StartingRuntime.KillAsync(bundle);
            await foreground.EndAsync(jailId);
            tools.Value.Remains?.Remove(jailId);
        }

        await host.Value.Groups.RemoveAsync(jailId);
        MappedRoot.Remove(JailStateDirectory.RootsBeside(state.Value), jailId);
        bundle.RemoveMountPoints();
        bundle.Delete();
    }

    public IReadOnlyCollection<string> MadeMountPoints(string jailId) => Bundle.At(bundles.Value, jailId).ReadMountPoints();

    public void Dispose()
    {
        if (launcher.IsValueCreated)
        {
            launcher.Value?.Dispose();
        }

        if (tools.IsValueCreated)
        {
            tools.Value.Dispose();
        }
    }

    /// <summary>Has the runtime start one more process in a running jail.</summary>
    private async Task<ProcessResult> EnterAsync(string jailId, JailProcess process, Func<Bundle, BundleEntry, Task<ProcessResult>> run, CancellationToken cancellationToken)
    {
        var bundle = Bundle.At(bundles.Value, jailId);
        using var tree = await status.ProcessIdAsync(bundle, cancellationToken) is { } pid ? TryOpenRoot(pid) : null;
        if (tree is null)
        {
            throw new JailNotRunningException(jailId);
        }

        var user = UserDatabase.Read(tree).Resolve(process);
        var complete = process with { Environment = JailEnvironment.Complete(process, user, hostname: null) };
        CommandLookup.Check(tree, complete, JailEnvironment.ValueOf(complete.Environment, "PATH")!, hidden: []);

        using var entry = bundle.NewEntry(tools.Value.Config.Write(complete, user, TerminalWindow.SizeFor(process), bundle.ReadRights()));
        var result = await run(bundle, entry);
        if (!result.Exit.Success && RuntimeLog.LastError(entry.LogFile) is { } error)
        {
            throw await IsRunningAsync(jailId, cancellationToken)
                ? new JailStartException(RuntimeLog.Classify(error), $"'{process.Argv[0]}' could not be started in '{jailId}': {error}")
                : new JailNotRunningException(jailId);
        }

        return result;
    }

    private async Task ChangeAsync(string jailId, CommandLine command, CancellationToken cancellationToken)
    {
        if (!await IsRunningAsync(jailId, cancellationToken))
        {
            throw new JailNotRunningException(jailId);
        }

        var result = await processes.RunAsync(command, ProcessOutput.Captured, cancellationToken);
        if (!result.Exit.Success)
        {
            throw await IsRunningAsync(jailId, cancellationToken) ? new ProcessFailedException(command, result) : new JailNotRunningException(jailId);
        }
    }

    private async Task CreateAsync(Bundle bundle, CancellationToken cancellationToken)
    {
        if (bundle.TryCreate())
        {
            return;
        }

        if (await IsRunningAsync(bundle.Id, cancellationToken))
        {
            throw new JailStartException(JailStartFailure.Jail, $"'{bundle.Id}' is already running");
        }

        // What a process of ours left that did not live to clean up.
        await RemoveAsync(bundle.Id, cancellationToken);
        if (!bundle.TryCreate())
        {
            throw new JailStartException(JailStartFailure.Jail, $"'{bundle.Id}' is being started by another process");
        }
    }

    /// <summary>Whatever of it fails, the bundle with its record of the mount points stays for <see cref="RemoveAsync"/>.</summary>
    private static void CleanUp(Bundle bundle, MountPoints mountPoints)
    {
        using var traced = Tracer.Begin("clean up");
        mountPoints.Remove();
        bundle.Delete();
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

    /// <summary>Null when the process has ended.</summary>
    private static RootedDirectory? TryOpenRoot(int pid)
    {
        try
        {
            return RootedDirectory.TryOpen($"/proc/{pid}/root");
        }
        catch (FileOperationException exception) when (exception.ErrorNumber == Errno.EACCES)
        {
            // What the kernel says of one that is just ending.
            return null;
        }
    }

    private static void KillProcess(string processIdFile)
    {
        if (Bundle.ReadProcessId(processIdFile) is { } pid)
        {
            // With what it has started, and the runtime, unless all of them share our own group.
            var group = NativeMethods.getpgid(pid);
            _ = NativeMethods.kill(group > 0 && group != NativeMethods.getpgid(0) ? -group : pid, Signals.Kill);
        }
    }
}
