using System.Collections.Immutable;
using System.Net;

namespace Kleene.Build.Runtime.Networks;

/// <summary>What a container reads of who knows names, made of what the host reads (resolv.conf(5)). Pure.</summary>
internal static class ResolverFile
{
    public const string Host = "/etc/resolv.conf";

    /// <summary>Where systemd-resolved says whom it asks itself, while <see cref="Host"/> names only a resolver on the host's loopback.</summary>
    public const string Upstream = "/run/systemd/resolve/resolv.conf";

    /// <summary>What a container reads on this host.</summary>
    public static string Text(ImmutableArray<string> resolvers, bool isShared) =>
        Text(resolvers, isShared, File.Exists(Host) ? File.ReadAllText(Host) : "", File.Exists(Upstream) ? File.ReadAllText(Upstream) : null);

    /// <param name="resolvers">Whom to ask instead of those of the host.</param>
    /// <param name="isShared">Whether the host's loopback is the reader's own.</param>
    /// <param name="host">What the host's file says; empty when it has none.</param>
    /// <param name="upstream">What <see cref="Upstream"/> says; null when there is none.</param>
    public static string Text(ImmutableArray<string> resolvers, bool isShared, string host, string? upstream)
    {
        var lines = host.Split('\n');
        if (!resolvers.IsEmpty)
        {
            return string.Concat(lines.Where(line => line.Length > 0 && !IsResolver(line)).Concat(resolvers.Select(resolver => $"nameserver {resolver}")).Select(line => line + "\n"));
        }

        if (isShared || !lines.Any(IsLoopback))
        {
            return host;
        }

        var others = lines.Where(line => !IsLoopback(line)).ToList();
        return others.Any(IsResolver) || upstream is null
            ? string.Join('\n', others)
            : string.Join('\n', upstream.Split('\n').Where(line => !IsLoopback(line)));
    }

    private static bool IsResolver(string line) => AddressIn(line) is not null;

    private static bool IsLoopback(string line) => AddressIn(line) is { } address && IPAddress.IsLoopback(address);

    private static IPAddress? AddressIn(string line) =>
        line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is ["nameserver", var text, ..] && IPAddress.TryParse(text, out var address) ? address : null;
}
