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

    /// <summary>The usual ones that the host can give: asking for one outside the bounding set fails the start.</summary>
    public static IEnumerable<string> Within(ulong boundingSet) =>
        Usual.Where(capability => (boundingSet >> capability.Number & 1) == 1).Select(capability => capability.Name);
}
