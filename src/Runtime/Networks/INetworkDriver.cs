using System.Collections.Immutable;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks;

/// <summary>
/// Makes and removes what the operating system has of networks. Knows no records; whoever calls it holds the lock of the store. All removal succeeds when
/// there is nothing to remove.
/// </summary>
public interface INetworkDriver
{
    /// <summary>Whether the host speaks IPv6.</summary>
    bool HasIpv6 { get; }

    /// <summary>Where the host's packets go now.</summary>
    IReadOnlyList<HostRoute> Routes();

    /// <summary>Makes what a network has on the host before anybody can be on it. There already: succeeds.</summary>
    /// <exception cref="NetworkException">Its interface is somebody else's, or a custom one is missing.</exception>
    void RaiseNetwork(Network network);

    void LowerNetwork(Network network);

    /// <summary>Makes a network stack in which there is a loopback interface.</summary>
    /// <param name="kind">What the container asked for. On Linux all kinds that have a stack are one.</param>
    void RaiseStack(SnapshotId id, NetworkDriver kind);

    void LowerStack(SnapshotId id);

    /// <summary>What a jail is given to use a stack.</summary>
    JailNetwork StackOf(SnapshotId id);

    /// <summary>Gives a stack an interface on a network that is up.</summary>
    void Connect(SnapshotId id, Endpoint endpoint, Network network);

    void Disconnect(Endpoint endpoint);

    /// <summary>Leads out of a stack what is for nobody near, through the first of its networks from which a way leads out.</summary>
    void RouteOut(SnapshotId id, IReadOnlyList<(Endpoint Endpoint, Network Network)> links);

    /// <summary>What the programs in a stack read of names and addresses. Who has the file open sees the change.</summary>
    void WriteHosts(SnapshotId id, string text);

    /// <summary>Makes the packet filter keep to an intent, and to nothing else of ours.</summary>
    Task ApplyAsync(FirewallIntent intent, CancellationToken cancellationToken);

    /// <summary>Whether rules of ours are there at all; somebody may have taken them away.</summary>
    bool HasRules();

    /// <summary>Who on the host listens where ports are to be published; null when they are free.</summary>
    string? ListenerAt(PortPublication port);

    /// <summary>Ports in a row that nobody listens at, the first of them.</summary>
    int FreePort(PortPublication port);

    /// <summary>What a container reads of who knows names (resolver(5)).</summary>
    /// <param name="resolvers">Those that it is to ask; those of the host when empty.</param>
    /// <param name="isShared">Whether the host's loopback is its own.</param>
    string ResolverText(ImmutableArray<string> resolvers, bool isShared);
}
