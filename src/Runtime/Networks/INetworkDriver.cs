using System.Collections.Immutable;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks;

/// <summary>
/// Makes and removes what the operating system has of networks. Knows no records; whoever calls it holds the lock of the store. All removal succeeds when
/// there is nothing to remove. What was begun is not cancelled: nobody would know how far it had come.
/// </summary>
public interface INetworkDriver
{
    /// <summary>How the host is connected now.</summary>
    Task<HostWays> LookAsync(CancellationToken cancellationToken);

    /// <summary>Makes what a network has on the host before anybody can be on it. There already: succeeds.</summary>
    /// <exception cref="NetworkException">Its interface is somebody else's, or a custom one is missing.</exception>
    Task RaiseNetworkAsync(Network network);

    Task LowerNetworkAsync(Network network);

    /// <summary>Makes a network stack in which there is a loopback interface.</summary>
    Task RaiseStackAsync(StackSpec stack);

    Task LowerStackAsync(StackSpec stack);

    /// <summary>What a jail is given to use a stack.</summary>
    /// <param name="links">All that it is connected to.</param>
    JailNetwork StackOf(StackSpec stack, IReadOnlyList<NetworkLink> links);

    /// <summary>Gives a stack an interface or an address on a network that is up.</summary>
    Task ConnectAsync(StackSpec stack, Endpoint endpoint, Network network);

    Task DisconnectAsync(StackSpec stack, Endpoint endpoint, Network network);

    /// <summary>Leads out of a stack what is for nobody near, through the first of its networks from which a way leads out.</summary>
    /// <param name="links">All that it is connected to.</param>
    /// <param name="isUsed">Whether a jail may be using it.</param>
    Task RouteOutAsync(StackSpec stack, IReadOnlyList<NetworkLink> links, bool isUsed);

    /// <summary>What the programs in a stack read of names and addresses. Who has the file open sees the change.</summary>
    void WriteHosts(SnapshotId id, string text);

    /// <summary>Makes the packet filter keep to an intent, and to nothing else of ours.</summary>
    Task ApplyAsync(FirewallIntent intent, CancellationToken cancellationToken);

    /// <summary>Whether rules of ours are there at all; somebody may have taken them away. Asked by every command, so it has to be cheap.</summary>
    bool HasRules();

    /// <summary>What of the host drops the packets of networks, whatever our rules say, and what lets them through: a sentence. Null when nothing does.</summary>
    string? Barrier();

    /// <summary>Who on the host listens where ports are to be published; null when they are free.</summary>
    string? ListenerAt(PortPublication port);

    /// <summary>Ports in a row that nobody listens at, the first of them.</summary>
    int FreePort(PortPublication port);

    /// <summary>What a container reads of who knows names (resolver(5)).</summary>
    /// <param name="resolvers">Those that it is to ask; those of the host when empty.</param>
    /// <param name="isShared">Whether the host's loopback is its own.</param>
    string ResolverText(ImmutableArray<string> resolvers, bool isShared);
}

/// <summary>How a host is connected.</summary>
/// <param name="Routes">Where its packets go.</param>
/// <param name="HasIpv6">Whether it speaks IPv6.</param>
public sealed record HostWays(ImmutableArray<HostRoute> Routes, bool HasIpv6);

/// <summary>A place on a network, and the network.</summary>
public readonly record struct NetworkLink(Endpoint Endpoint, Network Network);
