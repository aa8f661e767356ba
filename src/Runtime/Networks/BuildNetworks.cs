using System.Collections.Immutable;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Runtime.Networks;

/// <summary>
/// The network stacks of one build. A step borrows one and gives it back to the next: no more are made than steps run at a time. All go
/// when the build ends, or, when it was killed, with the next command.
/// </summary>
public sealed class BuildNetworks(NetworkLifecycle lifecycle) : IAsyncDisposable
{
    private static readonly TimeSpan CleanupTime = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private readonly List<Slot> free = [];
    private readonly List<SnapshotId> made = [];
    private string? resolver;

    /// <param name="network">The name of a network; <see cref="Network.DefaultName"/> is made at its first use.</param>
    /// <param name="hostname">What the step's machine is called.</param>
    /// <param name="hosts">Further lines of its hosts file.</param>
    /// <exception cref="KleeneException">There is no such network, or it cannot be brought up.</exception>
    public async Task<NetworkLease> BorrowAsync(string network, string hostname, ImmutableArray<HostEntry> hosts, CancellationToken cancellationToken)
    {
        using var traced = Tracer.Begin("network", network);
        var slot = Take(network) ?? await MakeAsync(network, cancellationToken);
        if (hostname != slot.Hostname || !hosts.SequenceEqual(slot.Hosts))
        {
            await lifecycle.NameSlotAsync(slot.Id, hostname, hosts, cancellationToken);
            slot = slot with { Hostname = hostname, Hosts = hosts };
        }

        return new NetworkLease(new RaisedNetwork(slot.Joined, resolver ??= lifecycle.ResolverText()), () => GiveBack(slot));
    }

    /// <summary>What keeps steps from the world; null when nothing does.</summary>
    public string? Barrier() => lifecycle.Barrier();

    /// <summary>Nothing runs in them any more. Those that cannot be taken down now are left to the next command.</summary>
    public async ValueTask DisposeAsync()
    {
        if (made.Count == 0)
        {
            // A deadline that nobody waits for would cost the thread that watches it.
            return;
        }

        using var traced = Tracer.Begin("take networks down");
        using var deadline = new CancellationTokenSource(CleanupTime);
        foreach (var id in made)
        {
            try
            {
                await lifecycle.LowerAsync(id, deadline.Token);
            }
            catch (Exception exception) when (exception is KleeneException or IOException or OperationCanceledException)
            {
                // The build has its result. Our session is over soon, and the next command takes down what is left of it.
            }
        }
    }

    private Slot? Take(string network)
    {
        lock (gate)
        {
            var slot = free.Find(slot => slot.Network == network);
            if (slot is not null)
            {
                free.Remove(slot);
            }

            return slot;
        }
    }

    private async Task<Slot> MakeAsync(string network, CancellationToken cancellationToken)
    {
        var id = SnapshotId.New();
        lock (gate)
        {
            made.Add(id);
        }

        var joined = await lifecycle.RaiseSlotAsync(id, network, cancellationToken);
        return new Slot(id, network, joined, "", []);
    }

    private void GiveBack(Slot slot)
    {
        lock (gate)
        {
            free.Add(slot);
        }
    }

    internal sealed record Slot(SnapshotId Id, string Network, JailNetwork Joined, string Hostname, ImmutableArray<HostEntry> Hosts);
}
