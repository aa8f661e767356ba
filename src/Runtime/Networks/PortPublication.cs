using System.Globalization;
using System.Net;

namespace Kleene.Build.Runtime.Networks;

/// <summary>Ports of the host that lead to ports of a container: as they are asked for, and as they are while it runs.</summary>
/// <remarks>It is stored: the accessors give what a stored one lacks.</remarks>
public sealed record PortPublication
{
    /// <summary>The only address of the host that has them; all when empty.</summary>
    public string HostAddress { get; init => field = value ?? ""; } = "";

    /// <summary>The only interface of the host that they are reached by; all when empty.</summary>
    public string HostInterface { get; init => field = value ?? ""; } = "";

    /// <summary>The first one; 0: a free one is chosen at each start.</summary>
    public int HostPort { get; init; }

    /// <summary>The first one.</summary>
    public required int ContainerPort { get; init; }

    /// <summary>How many, one after another.</summary>
    public int Count { get; init; } = 1;

    public PortProtocol Protocol { get; init; } = PortProtocol.Tcp;

    /// <summary>Whether only some of those who reach the host reach them.</summary>
    public bool IsRestricted => HostAddress.Length > 0 || HostInterface.Length > 0;

    /// <summary>Whether nobody could have both at a time.</summary>
    public bool Overlaps(PortPublication other) =>
        Protocol == other.Protocol
        && HostPort < other.HostPort + other.Count && other.HostPort < HostPort + Count
        && (HostAddress.Length == 0 || other.HostAddress.Length == 0 || HostAddress == other.HostAddress)
        && (HostInterface.Length == 0 || other.HostInterface.Length == 0 || HostInterface == other.HostInterface);

    /// <summary>All of it becomes part of rules: nothing else may.</summary>
    /// <exception cref="NetworkException">It is not what it should be.</exception>
    internal void Check()
    {
        var isAddress = HostAddress.Length == 0 || (IPAddress.TryParse(HostAddress, out var address) && address.ToString() == HostAddress && !HostAddress.Contains('%', StringComparison.Ordinal));
        var isInterface = HostInterface.Length == 0 || NetworkStore.IsInterfaceName(HostInterface);
        var areInRange = Count > 0 && HostPort >= 0 && ContainerPort > 0 && HostPort + Count - 1 <= ushort.MaxValue && ContainerPort + Count - 1 <= ushort.MaxValue;
        if (!isAddress || !isInterface || !areInRange)
        {
            throw new NetworkException($"'{this}' cannot be published: that is no address, interface or port");
        }
    }

    /// <summary>As Docker shows it: <c>0.0.0.0:8080->80/tcp</c>.</summary>
    public override string ToString()
    {
        var host = HostAddress.Length > 0 ? HostAddress.Contains(':', StringComparison.Ordinal) ? $"[{HostAddress}]" : HostAddress
            : HostInterface.Length > 0 ? HostInterface : "0.0.0.0";
        var protocol = Protocol == PortProtocol.Tcp ? "tcp" : "udp";
        return HostPort == 0 ? $"{Range(ContainerPort)}/{protocol}" : $"{host}:{Range(HostPort)}->{Range(ContainerPort)}/{protocol}";
    }

    private string Range(int first) =>
        Count == 1 ? first.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{first}-{first + Count - 1}");
}

public enum PortProtocol
{
    Tcp,
    Udp,
}
