using System.Collections.Immutable;
using System.Net;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Runtime.Jails;

/// <summary>
/// All that a jail is allowed. It starts from least: each grant is a property. Says nothing of how: on Linux it becomes an OCI
/// bundle, on FreeBSD jail(8) parameters.
/// </summary>
public sealed record JailSpec
{
    /// <summary>Names the jail to the operating system: a container's id or a build step's workspace.</summary>
    public required string Id { get; init; }

    /// <summary>The absolute path of the tree that becomes <c>/</c>.</summary>
    public required string Root { get; init; }

    /// <summary>The jail's first process; the jail ends with it.</summary>
    public required JailProcess Process { get; init; }

    /// <summary>The id when empty.</summary>
    public string Hostname { get; init; } = "";

    public JailNetwork Network { get; init; } = JailNetwork.None;

    /// <summary>What <c>/etc/resolv.conf</c> says; null: what the host's says where it shares the host's network, else nothing.</summary>
    public string? Resolver { get; init; }

    /// <summary>What is mounted over the tree, in order.</summary>
    public ImmutableArray<JailMount> Mounts { get; init; } = [];

    /// <summary>Files that are in memory and in this jail only, mounted after all else.</summary>
    public ImmutableArray<JailFile> Files { get; init; } = [];

    /// <summary>Further lines of <c>/etc/hosts</c>: an address and a name.</summary>
    public ImmutableArray<HostEntry> ExtraHosts { get; init; } = [];

    public JailLimits Limits { get; init; } = JailLimits.None;

    /// <summary>Bounds of each process (getrlimit(2)), instead of the host's.</summary>
    public ImmutableArray<JailUlimit> Ulimits { get; init; } = [];

    public bool ReadOnlyRoot { get; init; }

    public JailGrants Grants { get; init; } = JailGrants.None;

    /// <summary>The host's ids that its own are; null: they are the host's. The tree at <see cref="Root"/> shows its owners accordingly.</summary>
    public UserRange? Users { get; init; }

    /// <summary>What else it is, in the words of jail(8): <c>NAME</c> or <c>NAME=VALUE</c>, see <see cref="JailParameter"/>. They win over what is said elsewhere.</summary>
    public ImmutableArray<string> Parameters { get; init; } = [];

    /// <summary>Told what the jail has used, as far as the system counts it, when its command has ended; null: nobody wants to know, and nothing is paid for it.</summary>
    public Action<JailUsage>? Measured { get; init; }

    /// <summary>Whether nobody joins it or looks into it as long as it runs, as with a build step's: a driver may then take a shorter way.</summary>
    public bool IsClosed { get; init; }

    /// <summary>Whether its superuser may do what the host's may: all capabilities, all system calls, the kernel's own files.</summary>
    public bool IsPrivileged { get; init; }
}

/// <summary>A command in a jail: its first, or one that joins it later.</summary>
public sealed record JailProcess
{
    /// <summary>At least one word. The first is looked up in the PATH of <see cref="Environment"/>.</summary>
    public required ImmutableArray<string> Argv { get; init; }

    /// <summary><c>NAME=value</c>.</summary>
    public ImmutableArray<string> Environment { get; init; } = [];

    /// <summary><c>NAME=value</c> of what no disk and no message may ever have.</summary>
    public ImmutableArray<string> SecretEnvironment { get; init; } = [];

    /// <summary>Absolute, inside the jail.</summary>
    public string WorkingDirectory { get; init; } = "/";

    /// <summary><c>user[:group]</c>, names of the jail's own /etc/passwd and /etc/group or numbers; empty is the superuser.</summary>
    public string User { get; init; } = "";

    /// <summary>Further groups that it belongs to, names or numbers.</summary>
    public ImmutableArray<string> Groups { get; init; } = [];

    /// <summary>Whether it gets a pseudo-terminal, connected to ours.</summary>
    public bool Terminal { get; init; }
}

/// <summary>What a jail sees of the network.</summary>
public abstract record JailNetwork
{
    private JailNetwork()
    {
    }

    /// <summary>A stack of its own with nothing but a loopback interface.</summary>
    public static JailNetwork None { get; } = new Nothing();

    /// <summary>The host's.</summary>
    public static JailNetwork Host { get; } = new Shared();

    /// <summary>A stack that was made for it, and holds before the jail does and after it.</summary>
    /// <param name="Stack">What holds it: on Linux the path of a network namespace; on FreeBSD the name of a jail with a stack of its own (vnet), beneath which this one is made.</param>
    /// <param name="HostsFile">What the jail sees as <c>/etc/hosts</c>, kept by who made the stack.</param>
    public sealed record Joined(string Stack, string HostsFile) : JailNetwork;

    /// <summary>The host's stack, of which it sees and uses these addresses alone. FreeBSD only: the kernel of Linux has no such thing.</summary>
    /// <param name="Addresses">Addresses that interfaces of the host carry. May be none.</param>
    /// <param name="HostsFile">What the jail sees as <c>/etc/hosts</c>, kept by who gave the addresses.</param>
    public sealed record Addressed(ImmutableArray<IPAddress> Addresses, string HostsFile) : JailNetwork;

    private sealed record Nothing : JailNetwork;

    private sealed record Shared : JailNetwork;
}

/// <summary>A line of <c>/etc/hosts</c> (hosts(5)).</summary>
public sealed record HostEntry(string Address, string Name);

/// <summary>A bound of each process (getrlimit(2)).</summary>
/// <param name="Name">As the kernel has it, in lower case and without <c>RLIMIT_</c>: <c>nofile</c>.</param>
/// <param name="Soft">What is in force; null is no bound.</param>
/// <param name="Hard">As far as the process itself may raise it; null is no bound.</param>
public sealed record JailUlimit(string Name, ulong? Soft, ulong? Hard)
{
    /// <summary>All that there are (getrlimit(2)).</summary>
    public static ImmutableArray<string> Names { get; } =
    [
        "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",
    ];
}
