using System.Collections.Immutable;
using System.Diagnostics;
using System.Net.Sockets;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>What a jail is asked to be, as a list of parameters of jail(8). A pure function: it looks at nothing but the specification.</summary>
internal static class JailParameters
{
    /// <summary>The devices that jail(8) documents as safe: null, zero, random, the terminals and standard streams (devfs.rules(5)).</summary>
    private const string DeviceRules = "4";

    /// <param name="root">Where its tree is, with all that is mounted in it.</param>
    /// <param name="runsShutdown">Whether it is a system that wants to be shut down (rc.shutdown(8)), as Kleene's containers are.</param>
    public static ImmutableArray<JailParameter> Of(JailSpec spec, string root, bool runsShutdown)
    {
        var wished = spec.Parameters.Select(JailParameter.Parse).ToList();
        var parameters = new List<JailParameter>
        {
            new("path", root),
            new("host.hostname", HostnameOf(spec)),
            new("persist", null),
            new("mount.devfs", null),
            new("devfs_ruleset", DeviceRules),
            new("exec.clean", null),
            // Its processes are killed when its first one has ended, as on Linux; who wanted to end in peace had the time before.
            new("stop.timeout", "0"),
        };
        if (runsShutdown)
        {
            parameters.Add(new("exec.stop", "/bin/sh /etc/rc.shutdown"));
        }

        parameters.AddRange(NetworkOf(spec.Network));
        var overruled = wished.SelectMany(Overruled).ToHashSet(StringComparer.Ordinal);
        return [.. parameters.Where(parameter => !overruled.Contains(parameter.Subject)), .. wished];
    }

    /// <summary>The directories in the tree that jail(8) will mount something on. It follows no link there, and makes none that is missing.</summary>
    public static IEnumerable<string> MountPointsOf(JailSpec spec)
    {
        var names = Of(spec, spec.Root, runsShutdown: false).Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal);
        yield return "/dev";
        if (names.Contains("mount.procfs"))
        {
            yield return "/proc";
        }

        // Where there are devices, it is one of them.
        if (names.Contains("mount.fdescfs") && !names.Contains("mount.devfs"))
        {
            yield return "/dev/fd";
        }
    }

    public static string HostnameOf(JailSpec spec) => spec.Hostname.Length > 0 ? spec.Hostname : spec.Id;

    private static IEnumerable<JailParameter> NetworkOf(JailNetwork network) => network switch
    {
        // It uses a stack that is another jail's, whose interfaces it cannot change. Others see its own addresses, so raw sockets are its own affair.
        JailNetwork.Joined => [new("ip4", "inherit"), new("ip6", "inherit"), new("allow.raw_sockets", null)],
        JailNetwork.Addressed addressed => [.. AddressesOf(addressed, AddressFamily.InterNetwork, "ip4"), .. AddressesOf(addressed, AddressFamily.InterNetworkV6, "ip6")],
        _ when network == JailNetwork.Host => [new("ip4", "inherit"), new("ip6", "inherit")],
        _ when network == JailNetwork.None => [new("vnet", null)],
        _ => throw new UnreachableException(),
    };

    private static IEnumerable<JailParameter> AddressesOf(JailNetwork.Addressed network, AddressFamily family, string name)
    {
        var addresses = network.Addresses.Where(address => address.AddressFamily == family).ToList();
        return addresses.Count == 0 ? [new(name, "disable")] : addresses.Select(address => new JailParameter($"{name}.addr", address.ToString()));
    }

    /// <summary>What a parameter of the user's takes the place of. Addresses and stacks are one subject: half of ours and half of his would be neither.</summary>
    private static IEnumerable<string> Overruled(JailParameter wished) =>
        wished.Subject is "vnet" or "ip4" or "ip6" or "ip4.addr" or "ip6.addr" ? ["vnet", "ip4", "ip6", "ip4.addr", "ip6.addr"]
        : wished.Subject == "mount.devfs" ? [wished.Subject, "devfs_ruleset"]
        : [wished.Subject];
}
