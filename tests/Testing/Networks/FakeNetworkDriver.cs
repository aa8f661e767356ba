using System.Collections.Concurrent;
using System.Collections.Immutable;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Testing.Networks;

/// <summary>Remembers what is up instead of making it. A host without interfaces, on which every port is free.</summary>
public sealed class FakeNetworkDriver : INetworkDriver
{
    private readonly ConcurrentDictionary<string, string> hosts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> up = new(StringComparer.Ordinal);
    private int freePort = 40000;

    public bool HasIpv6 => true;

    /// <summary>What the host is to say of its ways.</summary>
    public ImmutableArray<HostRoute> HostRoutes { get; set; } = [];

    /// <summary>What is there: <c>network NAME</c>, <c>stack ID</c>, <c>endpoint ID</c>.</summary>
    public IEnumerable<string> Up => up.Keys;

    /// <summary>The rules as they were given last.</summary>
    public FirewallIntent Intent { get; private set; } = FirewallIntent.Nothing;

    /// <summary>Who listens at a port of the host.</summary>
    public Func<PortPublication, string?> Listener { get; set; } = _ => null;

    /// <summary>The hosts files, by the ids of their stacks.</summary>
    public IReadOnlyDictionary<string, string> Hosts => hosts;

    public IReadOnlyList<HostRoute> Routes() => HostRoutes;

    public void RaiseNetwork(Network network) => up[$"network {network.Name}"] = 0;

    public void LowerNetwork(Network network) => up.TryRemove($"network {network.Name}", out _);

    public void RaiseStack(SnapshotId id, NetworkDriver kind) => up[$"stack {id}"] = 0;

    public void LowerStack(SnapshotId id)
    {
        up.TryRemove($"stack {id}", out _);
        hosts.TryRemove(id.ToString(), out _);
    }

    public JailNetwork StackOf(SnapshotId id) => new JailNetwork.Joined($"/stacks/{id}", $"/stacks/{id}.hosts");

    public void Connect(SnapshotId id, Endpoint endpoint, Network network) => up[$"endpoint {endpoint.Id}"] = 0;

    public void Disconnect(Endpoint endpoint) => up.TryRemove($"endpoint {endpoint.Id}", out _);

    public void RouteOut(SnapshotId id, IReadOnlyList<(Endpoint Endpoint, Network Network)> links)
    {
    }

    public void WriteHosts(SnapshotId id, string text) => hosts[id.ToString()] = text;

    public Task ApplyAsync(FirewallIntent intent, CancellationToken cancellationToken)
    {
        Intent = intent;
        return Task.CompletedTask;
    }

    public bool HasRules() => !Intent.IsNothing;

    public string? ListenerAt(PortPublication port) => Listener(port);

    public int FreePort(PortPublication port) => Interlocked.Add(ref freePort, port.Count);

    public string ResolverText(ImmutableArray<string> resolvers, bool isShared) => string.Concat(resolvers.Select(resolver => $"nameserver {resolver}\n"));
}
