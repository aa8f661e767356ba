using System.Collections.Immutable;

namespace Kleene.Build.Runtime.Jails;

/// <summary>
/// What a jail may do beyond the usual, and which part of the usual it may not. Its words are those of Linux; a driver that knows none of them refuses
/// what it is not able to grant.
/// </summary>
/// <remarks>As in a container's specification, the accessors give what a stored one lacks.</remarks>
public sealed record JailGrants
{
    /// <summary>For <see cref="AddedCapabilities"/> and <see cref="DroppedCapabilities"/>: every one.</summary>
    public const string All = "ALL";

    public static JailGrants None { get; } = new();

    /// <summary>Names of capabilities(7) without <c>CAP_</c>, in the order of their numbers.</summary>
    public static ImmutableArray<string> Capabilities { get; } =
    [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
        "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN",
        "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE",
        "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ];

    /// <summary>Of <see cref="Capabilities"/>, or <see cref="All"/>. Who is not the superuser has these, and no others.</summary>
    public ImmutableArray<string> AddedCapabilities { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Of <see cref="Capabilities"/>, or <see cref="All"/>; it loses against what is added by name.</summary>
    public ImmutableArray<string> DroppedCapabilities { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Whether a set-uid program gives its user more than he has.</summary>
    public bool AllowsNewPrivileges { get; init; }

    /// <summary>Whether nothing is filtered.</summary>
    public bool AllowsAllSystemCalls { get; init; }

    /// <summary>Which system calls are allowed, in the JSON form of Docker's profiles; empty: the usual ones, and those that the added capabilities are for.</summary>
    public string SystemCallProfile { get; init => field = value ?? ""; } = "";

    public ImmutableArray<JailDevice> Devices { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Further groups of the first process, names of the jail's own /etc/group or numbers.</summary>
    public ImmutableArray<string> Groups { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Settings of the jail's own part of the kernel: <c>NAME=VALUE</c> of sysctl(8).</summary>
    public ImmutableArray<string> Sysctls { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Whether everything is granted that can be.</summary>
    public bool IsPrivileged { get; init; }

    /// <summary>Whether a small program goes first that passes signals on and takes care of orphans.</summary>
    public bool HasInit { get; init; }
}

/// <summary>A device of the host that a jail may open.</summary>
/// <param name="Source">The absolute path of its node on the host.</param>
/// <param name="Destination">The absolute path of its node in the jail, beneath /dev.</param>
/// <param name="Access">What is allowed: of <c>r</c>, <c>w</c> and <c>m</c> (making its node).</param>
public sealed record JailDevice(string Source, string Destination, string Access);
