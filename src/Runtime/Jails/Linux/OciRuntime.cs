using System.Collections.Immutable;
using System.Globalization;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Jails.Linux.Seccomp;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// The command line of crun(1) or runc(8): both take the same verbs. Its state is kept in a directory of ours, so that no
/// container of any other tool has to do with us.
/// </summary>
internal sealed class OciRuntime
{
    private readonly string stateDirectory;

    /// <param name="name">The word that chose it, which tells crun from runc by its file name.</param>
    /// <param name="program">What is executed.</param>
    public OciRuntime(string name, string program, string stateDirectory, HostFacts host)
    {
        Name = Path.GetFileName(name);
        Program = program;
        this.stateDirectory = stateDirectory;
        var isCrun = Name.StartsWith("crun", StringComparison.Ordinal);
        Seccomp = isCrun && SeccompFilter.Supports(host.Architecture) ? SeccompForm.Compiled : SeccompForm.Listed;

        // crun 1.8: "cgroups in hybrid mode not supported, drop all controllers from cgroupv2".
        HiddenMounts = isCrun && host.Cgroups == CgroupLayout.Hybrid ? [HostFacts.HybridTree] : [];
    }

    public string Name { get; }

    public string Program { get; }

    public SeccompForm Seccomp { get; }

    /// <summary>Mount points that it must not see.</summary>
    public ImmutableArray<string> HiddenMounts { get; }

    public bool HidesHybridTree => HiddenMounts.Length > 0;

    /// <summary>crun where it is installed: it starts a jail in a third of runc's time.</summary>
    /// <param name="wish"><c>crun</c>, <c>runc</c> or the path of one; null takes what is there.</param>
    /// <returns>The absolute path.</returns>
    /// <exception cref="JailStartException">There is none.</exception>
    public static string Locate(string? wish)
    {
        if (!string.IsNullOrEmpty(wish))
        {
            return ProgramPath.Find(wish) ?? throw new JailStartException(
                JailStartFailure.Jail, $"the runtime '{wish}' is not installed, or not in {string.Join(':', ProgramPath.Directories)}; install it or unset KLEENE_RUNTIME");
        }

        return ProgramPath.Find("crun") ?? ProgramPath.Find("runc") ?? throw new JailStartException(
            JailStartFailure.Jail,
            $"neither 'crun' nor 'runc' is in {string.Join(':', ProgramPath.Directories)}; install one of the two packages (crun is the faster), for instance by 'apt-get install crun'");
    }

    /// <summary>What it means for whoever wanted a jail that this runtime has complained.</summary>
    public JailStartException StartFailure(string error, string jailId, RootedDirectory tree, JailProcess process)
    {
        var failure = RuntimeLog.Classify(error);
        return failure == JailStartFailure.NotFound && !process.Argv[0].Contains('/', StringComparison.Ordinal)
            ? CommandLookup.NotFound(tree, process.Argv[0], JailEnvironment.ValueOf(process.Environment, "PATH") ?? JailEnvironment.DefaultPath)
            : new JailStartException(failure, failure == JailStartFailure.Jail
                ? $"{Name} could not start '{jailId}': {error}"
                : $"'{process.Argv[0]}' could not be started: {error}");
    }

    public CommandLine Run(Bundle bundle) => Command(
        bundle, "run", "--bundle", bundle.Directory, "--pid-file", bundle.ProcessIdFile, bundle.Id) with { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>
    /// The program and the arguments that stand before <c>create</c> when another program calls it. That one must see all mounts, as it calls us
    /// back: so what the runtime must not see is hidden from it by unshare(1), which costs 3 ms.
    /// </summary>
    public (string Program, ImmutableArray<string> Arguments) CreateArguments(Bundle bundle)
    {
        ImmutableArray<string> arguments = ["--root", stateDirectory, "--log", bundle.LogFile, "--log-format", "json"];
        return HiddenMounts.IsEmpty
            ? (Program, arguments)
            : (ProgramPath.Find("unshare") ?? throw new ToolMissingException("unshare"),
                ["--mount", "--propagation=slave", "--", "/bin/sh", "-c", """umount -l "$0" && exec "$@" """, HiddenMounts[0], Program, .. arguments]);
    }

    public CommandLine Start(Bundle bundle) => Command(bundle, "start", bundle.Id);

    /// <summary>The process is left to itself.</summary>
    public CommandLine ExecDetached(Bundle bundle, string processFile, string processIdFile, string logFile) =>
        CommandWithLog(logFile, "exec", "--detach", "--process", processFile, "--pid-file", processIdFile, bundle.Id);

    public CommandLine Exec(Bundle bundle, string processFile, string processIdFile, string logFile) =>
        CommandWithLog(logFile, "exec", "--process", processFile, "--pid-file", processIdFile, bundle.Id) with { Timeout = Timeout.InfiniteTimeSpan };

    public CommandLine Kill(string id, int signal) => Command("kill", id, signal.ToString(CultureInfo.InvariantCulture));

    /// <summary>Kills what runs. Runtimes differ in whether a container that is not there is an error.</summary>
    public CommandLine Delete(string id) => Command("delete", "--force", id);

    public CommandLine Pause(string id) => Command("pause", id);

    public CommandLine Resume(string id) => Command("resume", id);

    public CommandLine State(string id) => Command("state", id);

    private CommandLine Command(Bundle bundle, params ReadOnlySpan<string> arguments) => CommandWithLog(bundle.LogFile, arguments);

    private CommandLine CommandWithLog(string logFile, params ReadOnlySpan<string> arguments) =>
        Command(["--log", logFile, "--log-format", "json", .. arguments]);

    private CommandLine Command(params ReadOnlySpan<string> arguments) =>
        new(Program, ["--root", stateDirectory, .. arguments]) { Name = Name, HiddenMounts = HiddenMounts };
}
