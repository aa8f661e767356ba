using System.Collections.Immutable;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails;

/// <summary>Runs commands in jails of the operating system. Knows nothing of images, builds or records.</summary>
public interface IJailDriver
{
    /// <summary>Looks at <see cref="JailSpec.Parameters"/> before a jail of them is made.</summary>
    /// <exception cref="KleeneException">This system knows no such parameters, or one of them is none.</exception>
    void Require(ImmutableArray<string> parameters);

    /// <summary>
    /// Makes a jail, runs its first process and returns when that has ended and every other process in the jail with it. The
    /// mount points that had to be made in the tree are gone again. Cancelling kills the jail, and it is gone when this throws.
    /// </summary>
    /// <exception cref="JailStartException">The jail or its first process could not be started.</exception>
    Task<ExitStatus> RunAsync(JailSpec spec, ProcessOutput output, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a jail whose first process waits for <see cref="StartAsync"/>, and has another program supervise it, which outlives us.
    /// </summary>
    /// <exception cref="JailStartException">The jail could not be made. Nothing of it is left.</exception>
    Task CreateAsync(JailSpec spec, JailSupervision supervision, CancellationToken cancellationToken);

    /// <summary>Whether what is mounted in a running jail is mounted in its tree for everybody: then the tree's own files cannot be told from that.</summary>
    bool MountsForAll { get; }

    /// <summary>Whether a jail can have users of its own, see <see cref="JailSpec.Users"/>.</summary>
    bool MapsUsers { get; }

    /// <summary>Whether only the supervisor of a jail sees that the system killed something in it for memory: who runs one to its end does not.</summary>
    bool NeedsSupervisorForOutOfMemory { get; }

    /// <summary>Starts the first process of a jail that was made by <see cref="CreateAsync"/>.</summary>
    /// <exception cref="JailStartException">The process could not be started. Nothing of the jail is left.</exception>
    Task StartAsync(string jailId, CancellationToken cancellationToken);

    /// <summary>Connects with the streams of a supervised jail's first process.</summary>
    /// <exception cref="JailNotRunningException">There is no such jail, or none that is supervised.</exception>
    IJailConsole Attach(string jailId);

    /// <summary>Tells the supervisor of a jail, if it has one, to begin its log anew: the file that it writes to was given another name.</summary>
    void ReopenLog(string jailId);

    /// <summary>How a supervised jail ended; null as long as its supervisor has not said so. Of one of which nothing is left, nothing is known.</summary>
    JailEnd? EndOf(string jailId);

    /// <summary>Runs one more command in a running jail, which may have been started by another process of ours.</summary>
    /// <exception cref="JailNotRunningException">There is no such jail.</exception>
    /// <exception cref="JailStartException">The command could not be started.</exception>
    Task<ExitStatus> ExecAsync(string jailId, JailProcess process, ProcessOutput output, CancellationToken cancellationToken);

    /// <summary>Starts one more command in a running jail and leaves it to itself: it reads and writes nothing, and ends with the jail at the latest.</summary>
    /// <exception cref="JailNotRunningException">There is no such jail.</exception>
    /// <exception cref="JailStartException">The command could not be started.</exception>
    Task ExecDetachedAsync(string jailId, JailProcess process, CancellationToken cancellationToken);

    /// <summary>Sends a signal to a jail's first process.</summary>
    /// <exception cref="JailNotRunningException">There is no such jail.</exception>
    Task SignalAsync(string jailId, int signal, CancellationToken cancellationToken);

    Task<bool> IsRunningAsync(string jailId, CancellationToken cancellationToken);

    /// <summary>The ids of all jails of which anything is kept. Only for checks.</summary>
    IReadOnlyList<string> List();

    /// <summary>
    /// What a jail uses; null when nothing of it is there. Of one whose processes have ended it can be asked until <see cref="RemoveAsync"/>, as long as
    /// no runtime has removed it already.
    /// </summary>
    Task<JailUsage?> MeasureAsync(string jailId, CancellationToken cancellationToken);

    /// <exception cref="JailNotRunningException">There is no such jail.</exception>
    Task<ImmutableArray<JailProcessStatus>> ListProcessesAsync(string jailId, CancellationToken cancellationToken);

    /// <summary>Changes the limits of a jail that runs.</summary>
    /// <param name="before">What it was started with, or was last given.</param>
    /// <param name="after">What it is to have; rates of devices and what a process is born with stay.</param>
    /// <exception cref="JailStartException">This machine cannot hold it to them; nothing was changed.</exception>
    /// <exception cref="JailNotRunningException">There is no such jail.</exception>
    Task LimitAsync(string jailId, JailLimits before, JailLimits after, CancellationToken cancellationToken);

    /// <summary>Stops all processes of a jail where they are, until <see cref="ResumeAsync"/>. False when that was so already.</summary>
    /// <exception cref="JailNotRunningException">There is no such jail.</exception>
    Task<bool> PauseAsync(string jailId, CancellationToken cancellationToken);

    /// <summary>Lets the processes of a jail go on.</summary>
    /// <exception cref="JailNotRunningException">There is no such jail.</exception>
    Task ResumeAsync(string jailId, CancellationToken cancellationToken);

    /// <summary>
    /// The same as <see cref="PauseAsync"/>, as fast as the system can, for a moment and only for who runs the jail himself. False when there is nobody
    /// to stop, or it cannot be done at once.
    /// </summary>
    Task<bool> HoldAsync(string jailId, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <summary>Ends <see cref="HoldAsync"/>. Gone already: succeeds.</summary>
    Task ReleaseAsync(string jailId, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What had to be made in a jail's tree to mount on: absolute paths in it, which go with the jail. None when there is no such jail.</summary>
    IReadOnlyCollection<string> MadeMountPoints(string jailId);

    /// <summary>Kills all processes of a jail and removes what the operating system and we keep of it. Gone already: succeeds.</summary>
    Task RemoveAsync(string jailId, CancellationToken cancellationToken);
}

/// <summary>Why a command could not be started, in the terms of the shell's exit codes.</summary>
public enum JailStartFailure
{
    /// <summary>The jail itself: 125.</summary>
    Jail,

    /// <summary>The command is there but cannot be executed: 126.</summary>
    NotExecutable,

    /// <summary>There is no such command: 127.</summary>
    NotFound,
}

/// <summary>A jail or a command in it could not be started.</summary>
public sealed class JailStartException(JailStartFailure failure, string message, Exception? innerException = null)
    : KleeneException(message, innerException)
{
    public JailStartFailure Failure { get; } = failure;

    public int ExitCode => Failure switch
    {
        JailStartFailure.NotExecutable => 126,
        JailStartFailure.NotFound => 127,
        _ => 125,
    };
}

/// <summary>A jail that was addressed is not running.</summary>
public sealed class JailNotRunningException(string jailId) : KleeneException($"'{jailId}' is not running")
{
    public string JailId { get; } = jailId;
}

/// <summary>A driver whose jails are supervised by a process of ours, for want of a program of the system.</summary>
public interface ISupervisingDriver
{
    /// <summary>Supervises a jail that was made for it: lets its command go when told to, keeps what it prints and how it ends.</summary>
    /// <param name="jailId">The jail's.</param>
    /// <param name="held">Numbers of open files to keep until the jail has ended.</param>
    Task SuperviseAsync(string jailId, IReadOnlyList<int> held, CancellationToken cancellationToken);

    /// <summary>Makes the terminal that is our standard input our own, and becomes the first process of a supervised jail: it returns only by an exception.</summary>
    void Lead(string jailId);
}
