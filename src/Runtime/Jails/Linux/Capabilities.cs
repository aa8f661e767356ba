using System.Collections.Immutable;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>The capabilities of a jail's superuser (capabilities(7)): those that package managers and servers commonly need.</summary>
internal static class Capabilities
{
    private static readonly ImmutableArray<(string Name, int Number)> Usual =
    [
        ("CAP_CHOWN", 0),
        ("CAP_DAC_OVERRIDE", 1),
        ("CAP_FOWNER", 3),
        ("CAP_FSETID", 4),
        ("CAP_KILL", 5),
        ("CAP_SETGID", 6),
        ("CAP_SETUID", 7),
        ("CAP_SETPCAP", 8),
        ("CAP_NET_BIND_SERVICE", 10),
        ("CAP_NET_RAW", 13),
        ("CAP_SYS_CHROOT", 18),
        ("CAP_MKNOD", 27),
        ("CAP_AUDIT_WRITE", 29),
        ("CAP_SETFCAP", 31),
    ];

    /// <summary>In the order of their numbers, from 0 (linux/capability.h).</summary>
    private static readonly ImmutableArray<string> Known =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP",
        "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
        "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP",
        "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ",
    ];

    /// <summary>Everything that the host can give.</summary>
    public static IEnumerable<string> All(ulong boundingSet) => Known.Where((_, number) => (boundingSet >> number & 1) == 1);

    /// <summary>The usual ones that the host can give: asking for one outside the bounding set fails the start.</summary>
    public static IEnumerable<string> Within(ulong boundingSet) =>
        Usual.Where(capability => (boundingSet >> capability.Number & 1) == 1).Select(capability => capability.Name);
}
