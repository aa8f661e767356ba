using System.Collections.Immutable;
using System.Text;

namespace Kleene.Build.Runtime.Jails;

/// <summary>What a jail reads about names and addresses, whatever its tree says: <c>/etc/hosts</c>, <c>/etc/resolv.conf</c> and <c>/etc/hostname</c>.</summary>
internal static class NetworkFiles
{
    public const string Hosts = "/etc/hosts";
    public const string Resolver = "/etc/resolv.conf";
    public const string Hostname = "/etc/hostname";

    /// <summary>What is in every hosts file.</summary>
    public const string FixedHosts = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n";

    public static ImmutableArray<string> All { get; } = [Hosts, Resolver, Hostname];

    /// <summary>hosts(5). The jail's own name gets an address of the loopback network, so that it resolves without any other network.</summary>
    public static string HostsText(string hostname, ImmutableArray<HostEntry> extraHosts) =>
        $"{FixedHosts}127.0.1.1\t{hostname}\n{HostLines(extraHosts)}";

    public static string HostLines(IEnumerable<HostEntry> entries)
    {
        var text = new StringBuilder();
        foreach (var entry in entries)
        {
            text.Append(entry.Address).Append('\t').Append(entry.Name).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>resolver(5): the host's own file where the jail shares its network, else none that could answer.</summary>
    public static string ResolverText(JailNetwork network) => network == JailNetwork.Host && File.Exists(Resolver) ? File.ReadAllText(Resolver) : "";
}
