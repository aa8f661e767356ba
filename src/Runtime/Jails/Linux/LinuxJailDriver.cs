using System.Collections.Immutable;
using System.Text.Json;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Terminals;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>Jails of namespaces and control groups, made by an OCI runtime, one process a start.</summary>
public sealed partial class LinuxJailDriver : IJailDriver, IDisposable
{
    /// <summary>How often a jail that is being started is looked for.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>After so many looks a runtime whose jail is to go is killed itself.</summary>
    private const int KillAttempts = 40;

    /// <summary>And after so many, a jail that does not come up is not running.</summary>
    private const int StartAttempts = 10;

    private readonly IProcessRunner processes;
    private readonly Lazy<string> bundles;
    private readonly Lazy<JailTools> tools;

    /// <param name="processes">Runs the runtime.</param>
    /// <param name="stateDirectory">Where bundles and the runtime's state are kept; all processes of ours that share jails share it.</param>
    /// <param name="runtime"><c>crun</c>, <c>runc</c> or a path; null: what is installed. Looked for when the first jail needs it.</param>
    public LinuxJailDriver(IProcessRunner processes, string stateDirectory, string? runtime = null)
        : this(processes, new Lazy<string>(Path.GetFullPath(stateDirectory)), runtime)
    {
    }

    internal LinuxJailDriver(IProcessRunner processes, string stateDirectory, Func<JailTools> findTools)
        : this(processes, new Lazy<string>(stateDirectory), findTools)
    {
    }

    private LinuxJailDriver(IProcessRunner processes, Lazy<string> stateDirectory, string? runtime)
        : this(processes, stateDirectory, () => JailTools.Find(runtime, stateDirectory.Value))
    {
    }

    private LinuxJailDriver(IProcessRunner processes, Lazy<string> stateDirectory, Func<JailTools> findTools)
    {
        this.processes = processes;
        bundles = new Lazy<string>(() => Path.Join(Path.GetFullPath(stateDirectory.Value), "bundles"));
        tools = new Lazy<JailTools>(findTools);
    }

    /// <summary>A hint that a jail will be started soon by this process. Costs nothing and may save the first start some 10 ms.</summary>
    public static void Anticipate() => ControlGroupLock.Anticipate();

    /// <summary>A driver that keeps what it must where it is fastest. A command that starts no jail does not even look where that is.</summary>
    /// <param name="root">The directory of all our state.</param>
    /// <param name="runtime"><c>crun</c>, <c>runc</c> or a path; null: what is installed.</param>
    public static LinuxJailDriver For(IProcessRunner processes, string root, string? runtime) =>
        new(processes, new Lazy<string>(() => JailStateDirectory.For(root)), runtime);

    public bool MountsForAll => false;

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
        Anticipate();
        var runtime = tools.Value.Runtime;
        var bundle = Bundle.At(bundles.Value, spec.Id);
        using var tree = OpenTree(spec);
        using var mountPoints = new MountPoints(tree);
        await CreateAsync(bundle, cancellationToken);
        ExitStatus exit;
        try
        {
            Prepare(spec, bundle, tree, mountPoints);
            using var window = spec.Process.Terminal ? TerminalWindow.Follow(bundle.ProcessIdFile) : null;
            var result = await RunUntilCancelledAsync(
                runtime.Run(bundle), output, () => tools.Value.Groups.Kill(bundle.Id), () => EndAsync(bundle.Id), cancellationToken);
            if (!result.Exit.Success)
            {
                await ThrowIfNotStartedAsync(result, bundle, tree, spec.Process);
            }

            exit = result.Exit;
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
        var runtime = tools.Value.Runtime;
        var conmon = new Conmon(Conmon.Locate(), runtime, processes);
        var bundle = Bundle.At(bundles.Value, spec.Id);
        using var tree = OpenTree(spec);
        using var mountPoints = new MountPoints(tree);
        await CreateAsync(bundle, cancellationToken);
        try
        {
            Prepare(spec, bundle, tree, mountPoints);
            if (await conmon.CreateAsync(bundle, spec.Process.Terminal, supervision, cancellationToken) is { } complaint)
            {
                throw StartFailure(RuntimeLog.LastError(bundle.LogFile) ?? complaint, bundle, tree, spec.Process);
            }
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
                return await RunUntilCancelledAsync(command, output, () => KillProcess(entry.ProcessIdFile), () => Task.CompletedTask, cancellationToken);
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
        if (await StatusAsync(Bundle.At(bundles.Value, jailId), cancellationToken) is { IsPaused: true })
        {
            return false;
        }

        await ChangeAsync(jailId, tools.Value.Runtime.Pause(jailId), cancellationToken);
        return true;
    }

    public async Task ResumeAsync(string jailId, CancellationToken cancellationToken)
    {
        if (await StatusAsync(Bundle.At(bundles.Value, jailId), cancellationToken) is not { IsPaused: false })
        {
            await ChangeAsync(jailId, tools.Value.Runtime.Resume(jailId), cancellationToken);
        }
    }

    public async Task<bool> IsRunningAsync(string jailId, CancellationToken cancellationToken) =>
        await StateAsync(Bundle.At(bundles.Value, jailId), cancellationToken) is not null;

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
        await StartingRuntime.KillAsync(bundle);
        await EndAsync(jailId);
        tools.Value.Remains?.Remove(jailId);
        bundle.RemoveMountPoints();
        bundle.Delete();
    }

    public IReadOnlyCollection<string> MadeMountPoints(string jailId) => Bundle.At(bundles.Value, jailId).ReadMountPoints();

    public void Dispose()
    {
        if (tools.IsValueCreated)
        {
            tools.Value.Dispose();
        }
    }

    /// <summary>Has the runtime start one more process in a running jail.</summary>
    private async Task<ProcessResult> EnterAsync(string jailId, JailProcess process, Func<Bundle, BundleEntry, Task<ProcessResult>> run, CancellationToken cancellationToken)
    {
        var bundle = Bundle.At(bundles.Value, jailId);
        using var tree = await ProcessIdAsync(bundle, cancellationToken) is { } pid ? TryOpenRoot(pid) : null;
        if (tree is null)
        {
            throw new JailNotRunningException(jailId);
        }

        var user = UserDatabase.Read(tree).Resolve(process);
        var complete = process with { Environment = JailEnvironment.Complete(process, user, hostname: null) };
        CommandLookup.Check(tree, complete, JailEnvironment.ValueOf(complete.Environment, "PATH")!, hidden: []);

        using var entry = bundle.NewEntry(tools.Value.Config.Write(complete, user, process.Terminal ? TerminalWindow.Size() : null, bundle.ReadRights()));
        var result = await run(bundle, entry);
        if (!result.Exit.Success && RuntimeLog.LastError(entry.LogFile) is { } error)
        {
            throw await IsRunningAsync(jailId, cancellationToken)
                ? new JailStartException(RuntimeLog.Classify(error), $"'{process.Argv[0]}' could not be started in '{jailId}': {error}")
                : new JailNotRunningException(jailId);
        }

        return result;
    }

    /// <summary>
    /// The number that the jail's first process has on the host; null when it does not run. A command may have printed already what somebody
    /// waited for while the runtime has yet to write its files: so a jail of which there is nothing but the bundle gets some time.
    /// </summary>
    private async Task<int?> ProcessIdAsync(Bundle bundle, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < StartAttempts && bundle.Exists; attempt++)
        {
            if ((Bundle.ReadProcessId(bundle.ProcessIdFile) ?? await StateAsync(bundle, cancellationToken)) is { } pid)
            {
                return pid;
            }

            await Task.Delay(LookInterval, cancellationToken);
        }

        return null;
    }

    /// <summary>Asks the runtime, which makes sure that the number has not gone to another process meanwhile; null when the jail does not run.</summary>
    private async Task<int?> StateAsync(Bundle bundle, CancellationToken cancellationToken) => (await StatusAsync(bundle, cancellationToken))?.Pid;

    /// <summary>A jail whose processes stand still is running all the same.</summary>
    private async Task<(int Pid, bool IsPaused)?> StatusAsync(Bundle bundle, CancellationToken cancellationToken)
    {
        if (!bundle.Exists)
        {
            return null;
        }

        var result = await processes.RunAsync(tools.Value.Runtime.State(bundle.Id), ProcessOutput.Captured, cancellationToken);
        if (!result.Exit.Success)
        {
            // Both runtimes fail for a container they do not know, which is one that has not started or has ended.
            return null;
        }

        using var state = JsonDocument.Parse(result.Output);
        var status = state.RootElement.GetProperty("status");
        return status.ValueEquals("running") || status.ValueEquals("paused") ? (state.RootElement.GetProperty("pid").GetInt32(), status.ValueEquals("paused")) : null;
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

    private void Prepare(JailSpec spec, Bundle bundle, RootedDirectory tree, MountPoints mountPoints)
    {
        Require(spec.Parameters);
        var hostname = OciConfig.HostnameOf(spec);
        var user = UserDatabase.Read(tree).Resolve(spec.Process);
        var process = spec.Process with { Environment = JailEnvironment.Complete(spec.Process, user, hostname) };
        CommandLookup.Check(tree, process, JailEnvironment.ValueOf(process.Environment, "PATH")!, JailMounts.Covering(spec));

        new LimitCheck(tools.Value.Host, tools.Value.Groups).Check(spec.Limits, spec.Ulimits);
        CheckSettings(spec);

        if (!spec.Files.IsEmpty || !process.SecretEnvironment.IsEmpty)
        {
            bundle.RequireMemory();
            bundle.WriteFiles(spec.Files);
        }

        if (spec.Grants.HasInit)
        {
            spec = spec with { Mounts = [.. spec.Mounts, InitProgram.Mount()] };
            process = process with { Argv = InitProgram.Argv(process.Argv) };
        }

        JailMounts.EnsureMountPoints(spec, mountPoints);
        if (!mountPoints.IsEmpty)
        {
            bundle.WriteMountPoints(spec.Root, mountPoints);
        }

        bundle.WriteNetworkFiles(NetworkFiles.HostsText(hostname, spec.ExtraHosts), spec.Resolver ?? NetworkFiles.ResolverText(spec.Network), hostname);
        bundle.WriteConfig(tools.Value.Config.Write(spec with { Process = process }, user, process.Terminal ? WindowSize.TryOfInput() : null, bundle.Directory));
    }

    /// <exception cref="JailStartException">A setting would be the host's.</exception>
    private static void CheckSettings(JailSpec spec)
    {
        if (spec.Network == JailNetwork.Host && spec.Grants.Sysctls.FirstOrDefault(JailSysctl.IsOfNetwork) is { } setting)
        {
            throw new JailStartException(JailStartFailure.Jail, $"'{setting}' would change the host's network, which '{spec.Id}' shares; give it a network of its own, or leave the setting out");
        }
    }

    /// <summary>Whatever of it fails, the bundle with its record of the mount points stays for <see cref="RemoveAsync"/>.</summary>
    private void CleanUp(Bundle bundle, MountPoints mountPoints)
    {
        tools.Value.Remains?.Remove(bundle.Id);
        mountPoints.Remove();
        bundle.Delete();
    }

    private static RootedDirectory OpenTree(JailSpec spec) => RootedDirectory.TryOpen(spec.Root)
        ?? throw new JailStartException(JailStartFailure.Jail, $"the jail's root '{spec.Root}' is not a directory that can be read");

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

    /// <summary>
    /// Cancelling does not stop the runtime, which would leave its jail running: the jail is killed, and the runtime ends because of that.
    /// </summary>
    /// <param name="kill">Kills what runs in the jail.</param>
    /// <param name="end">Removes what is left when the runtime has ended, and only then: one that has its files taken away while it makes a jail hangs.</param>
    private async Task<ProcessResult> RunUntilCancelledAsync(
        CommandLine command, ProcessOutput output, Action kill, Func<Task> end, CancellationToken cancellationToken)
    {
        using var abandon = new CancellationTokenSource();
        var run = processes.RunAsync(command with { Grace = TimeSpan.Zero }, output, abandon.Token);
        try
        {
            return await run.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Phase one: kill what runs in the jail, again while there is nothing yet to kill. Phase two: give the runtime up.
            for (var attempt = 0; attempt < KillAttempts && !run.IsCompleted; attempt++)
            {
                kill();
                await Task.WhenAny(run, Task.Delay(LookInterval, CancellationToken.None));
            }

            await abandon.CancelAsync();
            await Task.WhenAny(run);
            kill();
            await end();
            throw;
        }
    }

    private async Task ThrowIfNotStartedAsync(ProcessResult result, Bundle bundle, RootedDirectory tree, JailProcess process)
    {
        if (result.Exit.Signal != 0)
        {
            await EndAsync(bundle.Id);
            throw new JailStartException(JailStartFailure.Jail, $"the runtime '{tools.Value.Runtime.Name}' was ended by {result.Exit}, and '{bundle.Id}' with it");
        }

        // The first thing a runtime does is to open its log: without one it did not come so far, and all there is was said by it.
        var error = File.Exists(bundle.LogFile) ? RuntimeLog.LastError(bundle.LogFile) : result.Error.Trim();
        if (error is null)
        {
            return;
        }

        await EndAsync(bundle.Id);
        throw StartFailure(error, bundle, tree, process);
    }

    private JailStartException StartFailure(string error, Bundle bundle, RootedDirectory tree, JailProcess process)
    {
        var failure = RuntimeLog.Classify(error);
        return failure == JailStartFailure.NotFound && !process.Argv[0].Contains('/', StringComparison.Ordinal)
            ? CommandLookup.NotFound(tree, process.Argv[0], JailEnvironment.ValueOf(process.Environment, "PATH") ?? JailEnvironment.DefaultPath)
            : new JailStartException(failure, failure == JailStartFailure.Jail
                ? $"{tools.Value.Runtime.Name} could not start '{bundle.Id}': {error}"
                : $"'{process.Argv[0]}' could not be started: {error}");
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

    /// <summary>
    /// Removes what the runtime keeps of a jail that it has ended making or running, and then what it does not know of: a runtime that was killed
    /// leaves control groups and processes behind that no other one has heard of.
    /// </summary>
    private async Task EndAsync(string id)
    {
        // Its success is not asked: a container that is not there is what was wanted.
        await processes.RunAsync(tools.Value.Runtime.Delete(id), ProcessOutput.Captured, CancellationToken.None);
        await tools.Value.Groups.RemoveAsync(id);
    }

    private static void KillProcess(string processIdFile)
    {
        if (Bundle.ReadProcessId(processIdFile) is { } pid)
        {
            _ = NativeMethods.kill(pid, Signals.Kill);
        }
    }
}
