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

    public Task<HostWays> LookAsync(CancellationToken cancellationToken) => Task.FromResult(new HostWays(HostRoutes, HasIpv6: true));

    public Task RaiseNetworkAsync(Network network) => Raise($"network {network.Name}");

    public Task LowerNetworkAsync(Network network) => Lower($"network {network.Name}");

    public Task RaiseStackAsync(StackSpec stack) => Raise($"stack {stack.Id}");

    public Task LowerStackAsync(StackSpec stack)
    {
        hosts.TryRemove(stack.Id.ToString(), out _);
        return Lower($"stack {stack.Id}");
    }

    public JailNetwork StackOf(StackSpec stack, IReadOnlyList<NetworkLink> links) => new JailNetwork.Joined($"/stacks/{stack.Id}", $"/stacks/{stack.Id}.hosts");

    public Task ConnectAsync(StackSpec stack, Endpoint endpoint, Network network) => Raise($"endpoint {endpoint.Id}");

    public Task DisconnectAsync(StackSpec stack, Endpoint endpoint, Network network) => Lower($"endpoint {endpoint.Id}");

    public Task RouteOutAsync(StackSpec stack, IReadOnlyList<NetworkLink> links, bool isUsed) => Task.CompletedTask;

    public void WriteHosts(SnapshotId id, string text) => hosts[id.ToString()] = text;

    public Task ApplyAsync(FirewallIntent intent, CancellationToken cancellationToken)
    {
        Intent = intent;
        return Task.CompletedTask;
    }

    public bool HasRules() => !Intent.IsNothing;

    /// <summary>What is to keep packets from networks.</summary>
    public string? Hindrance { get; set; }

    public string? Barrier() => Hindrance;

    public string? ListenerAt(PortPublication port) => Listener(port);

    public int FreePort(PortPublication port) => Interlocked.Add(ref freePort, port.Count);

    public string ResolverText(ImmutableArray<string> resolvers, bool isShared) => string.Concat(resolvers.Select(resolver => $"nameserver {resolver}\n"));

    private Task Raise(string thing)
    {
        up[thing] = 0;
        return Task.CompletedTask;
    }

    private Task Lower(string thing)
    {
        up.TryRemove(thing, out _);
        return Task.CompletedTask;
    }
}
