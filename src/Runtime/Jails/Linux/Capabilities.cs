using System.Collections.Immutable;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>The capabilities of a jail (capabilities(7)): those that package managers and servers commonly need, and what was asked for.</summary>
internal static class Capabilities
{
    private const string Prefix = "CAP_";

    private static readonly ImmutableHashSet<string> Usual =
    [
        "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE", "NET_RAW", "SYS_CHROOT", "MKNOD", "AUDIT_WRITE", "SETFCAP",
    ];

    /// <summary>
    /// What the superuser of a jail may have. Of the usual ones and of all, those that the host cannot give are left out: asking for one outside
    /// the bounding set fails the start.
    /// </summary>
    /// <param name="boundingSet">A bit for each that the host can give.</param>
    /// <exception cref="JailStartException">One that was asked for by its name cannot be given.</exception>
    public static ImmutableArray<string> Of(JailGrants grants, bool isPrivileged, ulong boundingSet)
    {
        var there = JailGrants.Capabilities.Where((_, number) => (boundingSet >> number & 1) == 1).ToList();
        foreach (var wanted in grants.AddedCapabilities.Where(name => name != JailGrants.All && !there.Contains(name)))
        {
            throw new JailStartException(JailStartFailure.Jail, $"the capability '{wanted}' cannot be granted: this system does not have it itself");
        }

        return [.. there.Where(name => Has(name)).Select(name => Prefix + name)];

        bool Has(string name) =>
            grants.AddedCapabilities.Contains(name)
            || ((isPrivileged || Usual.Contains(name) || grants.AddedCapabilities.Contains(JailGrants.All)) && !IsDropped(name));

        bool IsDropped(string name) =>
            grants.DroppedCapabilities.Contains(name)
            || (grants.DroppedCapabilities.Contains(JailGrants.All) && !grants.AddedCapabilities.Contains(JailGrants.All));
    }

    /// <summary>As <see cref="JailGrants.Capabilities"/> has it.</summary>
    public static string Bare(string name) => name[Prefix.Length..];

    /// <summary>Those that other users than the superuser have: what was asked for by name.</summary>
    public static ImmutableArray<string> OfUsers(JailGrants grants) =>
        [.. grants.AddedCapabilities.Where(name => name != JailGrants.All).Select(name => Prefix + name)];
}
