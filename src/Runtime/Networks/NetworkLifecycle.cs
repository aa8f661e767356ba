using System.Collections.Immutable;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks;

/// <summary>
/// Makes and removes networks, and brings up and takes down what containers have of them. Nothing is on the host but what somebody who runs needs. Each change
/// of the host is announced in the database first; so whatever a killed command left can be taken down by the next.
/// </summary>
public sealed class NetworkLifecycle
{
    private readonly NetworkStore networks;
    private readonly StackStore stacks;
    private readonly INetworkDriver driver;
    private readonly Database database;
    private readonly Session session;
    private readonly StateDirectory state;
    private readonly NetworkPlanner planner;
    private readonly NetworkStacks running;
    private readonly EndpointBook endpoints;

    public NetworkLifecycle(NetworkStore networks, StackStore stacks, INetworkDriver driver, Database database, Session session, StateDirectory state, TimeProvider clock)
    {
        this.networks = networks;
        this.stacks = stacks;
        this.driver = driver;
        this.database = database;
        this.session = session;
        this.state = state;
        planner = new NetworkPlanner(state.Root, clock);
        running = new NetworkStacks(networks, stacks, driver, database, planner);
        endpoints = new EndpointBook(networks);
    }

    /// <exception cref="KleeneException">The name is taken, or it cannot be had as it is asked for.</exception>
    public async Task<Network> CreateAsync(NetworkSpec spec, CancellationToken cancellationToken)
    {
        var host = await driver.LookAsync(cancellationToken);
        return database.Transact(() =>
        {
            var others = networks.List();
            if (others.Any(other => other.Name == spec.Name))
            {
                throw new NetworkException($"network name is already taken: '{spec.Name}'; remove that network with 'kleene network rm {spec.Name}', or choose another name");
            }

            var network = planner.Plan(spec, others, host);
            networks.TryAdd(network);
            return network;
        });
    }

    /// <summary>What of the host drops the packets of networks, and what lets them through; null when nothing does. Told to whoever makes something that will not be reached.</summary>
    public string? Barrier() => driver.Barrier();

    /// <summary>Removes a network. Containers that do not run are disconnected from it.</summary>
    /// <param name="force">Whether those that run are, too.</param>
    /// <exception cref="NetworkException">Containers on it are running.</exception>
    public async Task RemoveAsync(Network network, bool force, CancellationToken cancellationToken)
    {
        using var held = await LockAsync(cancellationToken);
        var users = stacks.ListOn(network.Id);
        if (users.Count > 0 && !force)
        {
            var names = string.Join(", ", users.Select(id => stacks.NameOf(id) is { Length: > 0 } name ? $"'{name}'" : "a build"));
            throw new NetworkException($"the network '{network.Name}' is in use by {names}; stop them, or disconnect them with --force");
        }

        foreach (var endpoint in networks.EndpointsIn(network.Id))
        {
            await running.DisconnectAsync(endpoint, network, cancellationToken);
        }

        networks.Remove(network.Id);
    }

    /// <summary>Removes the networks that no container is connected to, running or not.</summary>
    public async Task<IReadOnlyList<Network>> PruneAsync(CancellationToken cancellationToken)
    {
        using var held = await LockAsync(cancellationToken);
        return database.Transact(() => networks.List().Where(network => !networks.HasEndpoints(network.Id) && networks.Remove(network.Id)).ToList());
    }

    /// <summary>Finds the networks that a container asks for; the default one is made when it is not there yet.</summary>
    /// <exception cref="KleeneException">There is none of a name, or the container's driver cannot be connected to it.</exception>
    public async Task CheckAsync(NetworkRequest request, CancellationToken cancellationToken)
    {
        foreach (var port in request.Ports)
        {
            port.Check();
        }

        if (request.Driver is NetworkDriver.Host or NetworkDriver.Disabled && request.Ports.Length > 0)
        {
            throw new NetworkException($"cannot publish ports of a container using the '{Word(request.Driver)}' network driver");
        }

        var found = new List<Network>();
        foreach (var endpoint in request.Endpoints)
        {
            var network = await FindOrDefaultAsync(endpoint.Network, cancellationToken);
            RequireConnectable(request.Driver, network);
            found.Add(network);
        }

        if (request.Ports.Length > 0 && found.Count > 0 && found.All(network => network.IsInternal))
        {
            throw new NetworkException("ports of a container on internal networks alone cannot be published; connect it to one that is not internal, too");
        }
    }

    /// <summary>Gives a container its addresses. To be called in the transaction that records it.</summary>
    public void Attach(SnapshotId owner, NetworkRequest request)
    {
        for (var position = 0; position < request.Endpoints.Length; position++)
        {
            endpoints.Add(owner, networks.Find(request.Endpoints[position].Network), request.Endpoints[position], position);
        }
    }

    /// <summary>Connects a container to one more network; while it runs, at once.</summary>
    public async Task ConnectAsync(SnapshotId container, NetworkDriver kind, EndpointRequest request, CancellationToken cancellationToken)
    {
        var network = await FindOrDefaultAsync(request.Network, cancellationToken);
        RequireConnectable(kind, network);
        using var held = await LockAsync(cancellationToken);
        Endpoint Add(Network on) => endpoints.Add(container, on, request, networks.EndpointsOf(container).Count);
        if (stacks.IsUp(container))
        {
            await running.ConnectAsync(new StackSpec(container, kind), network, Add, cancellationToken);
        }
        else
        {
            database.Transact(() => Add(network));
        }
    }

    /// <summary>Takes a container off a network; while it runs, at once.</summary>
    /// <exception cref="NetworkException">It is not connected to it.</exception>
    public async Task DisconnectAsync(SnapshotId container, Network network, CancellationToken cancellationToken)
    {
        using var held = await LockAsync(cancellationToken);
        var endpoint = networks.EndpointsOf(container).FirstOrDefault(endpoint => endpoint.NetworkId == network.Id)
            ?? throw new NetworkException($"endpoint configuration not found: the container is not connected to the network '{network.Name}'");
        await running.DisconnectAsync(endpoint, network, cancellationToken);
    }

    /// <summary>
    /// Brings up what a container that is about to start has asked for. Whoever calls this calls <see cref="LowerAsync"/> afterwards, however it goes.
    /// </summary>
    /// <param name="hostname">What it calls itself.</param>
    /// <param name="hosts">Further lines of its hosts file.</param>
    public async Task<RaisedNetwork> RaiseAsync(SnapshotId id, NetworkRequest request, string hostname, ImmutableArray<HostEntry> hosts, CancellationToken cancellationToken)
    {
        if (!request.HasStack)
        {
            var isHost = request.Driver == NetworkDriver.Host;
            var resolver = isHost && request.Resolvers.Length > 0 ? driver.ResolverText(request.Resolvers, isShared: true) : null;
            return new RaisedNetwork(isHost ? JailNetwork.Host : JailNetwork.None, resolver);
        }

        var stack = new StackSpec(id, request.Driver);
        var held = await LockAsync(cancellationToken);
        Task ready;
        try
        {
            ready = ReleaseAfterAsync(await running.RaiseAsync(stack, "", request.Ports, hostname, FixedLines(hosts), isNew: false, cancellationToken), held);
        }
        catch
        {
            held.Dispose();
            throw;
        }

        return new RaisedNetwork(running.JailOn(stack), driver.ResolverText(request.Resolvers, isShared: false)) { Ready = ready };
    }

    /// <summary>Takes down what a container had, after its last process. Down already: succeeds.</summary>
    public async Task LowerAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        if (!stacks.Has(id))
        {
            return;
        }

        using var held = await LockAsync(cancellationToken);
        await running.LowerAsync(id, cancellationToken);
    }

    /// <summary>Tells the neighbours of a container that it has got another name.</summary>
    public async Task RenamedAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        if (stacks.IsUp(id))
        {
            using var held = await LockAsync(cancellationToken);
            running.TellNames(networks.EndpointsOf(id).Select(endpoint => endpoint.NetworkId));
        }
    }

    /// <summary>Takes down what killed commands left, and puts rules back that others took away. Costs one question to the database when nothing is up.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (!stacks.HasAny())
        {
            return;
        }

        var doubtful = stacks.ListDoubtful().Where(stack => session.IsOver(stack.Session)).ToList();
        if (doubtful.Count > 0 || !driver.HasRules())
        {
            using var held = await LockAsync(cancellationToken);

            // Asked again: who was busy with them may have finished while we waited.
            foreach (var (id, _) in stacks.ListDoubtful().Where(stack => session.IsOver(stack.Session)))
            {
                await running.LowerAsync(id, cancellationToken);
            }

            await running.RestoreRulesAsync(cancellationToken);
        }
    }

    /// <summary>A stack of a build on a network, for one step after another.</summary>
    internal async Task<JailNetwork> RaiseSlotAsync(SnapshotId id, string name, CancellationToken cancellationToken)
    {
        var network = await FindOrDefaultAsync(name, cancellationToken);

        // Only a bridge can have ports that are stacks of their own (see RequireConnectable).
        var stack = new StackSpec(id, network.Type == NetworkType.Bridge ? NetworkDriver.Vnet : NetworkDriver.Ipnet);
        using var held = await LockAsync(cancellationToken);
        database.Transact(() =>
        {
            // Announced with its address: nobody else knows what it was for.
            stacks.Announce(stack, session.Id, "", "");
            return endpoints.Add(id, network, new EndpointRequest { Network = network.Name }, 0);
        });
        await await running.RaiseAsync(stack, session.Id, [], "", NetworkFiles.FixedHosts, isNew: true, cancellationToken);
        return running.JailOn(stack);
    }

    /// <summary>What the next step in a slot calls itself.</summary>
    internal async Task NameSlotAsync(SnapshotId id, string hostname, ImmutableArray<HostEntry> hosts, CancellationToken cancellationToken)
    {
        using var held = await LockAsync(cancellationToken);
        stacks.Rename(id, hostname, FixedLines(hosts));
        running.TellNames(id);
    }

    private async Task<Network> FindOrDefaultAsync(string name, CancellationToken cancellationToken) =>
        name != Network.DefaultName ? networks.Find(name)
        : networks.TryFind(name) is { } made ? made
        : Default(await driver.LookAsync(cancellationToken));

    internal string ResolverText() => driver.ResolverText([], isShared: false);

    private static string FixedLines(ImmutableArray<HostEntry> hosts) => NetworkFiles.FixedHosts + NetworkFiles.HostLines(hosts);

    private static string Word(NetworkDriver kind) => kind.ToString().ToLowerInvariant();

    /// <summary>Kleene's rules, and its words.</summary>
    private static void RequireConnectable(NetworkDriver kind, Network network)
    {
        if (kind is NetworkDriver.Host or NetworkDriver.Disabled)
        {
            throw new NetworkException($"containers with the '{Word(kind)}' network-driver cannot connect to networks.");
        }

        if (kind == NetworkDriver.Vnet && network.Type != NetworkType.Bridge)
        {
            throw new NetworkException($"containers using the 'vnet' network-driver can't connect to {network.Type.ToString().ToLowerInvariant()} networks");
        }
    }

    private static async Task ReleaseAfterAsync(Task rules, FileLock held)
    {
        using (held)
        {
            await rules;
        }
    }

    private Task<FileLock> LockAsync(CancellationToken cancellationToken) => FileLock.TakeAsync(Path.Join(state.Root, "networks.lock"), cancellationToken);

    private Network Default(HostWays host) => database.Transact(() =>
    {
        if (networks.TryFind(Network.DefaultName) is { } made)
        {
            return made;
        }

        var network = planner.Plan(new NetworkSpec { Name = Network.DefaultName }, networks.List(), host);
        networks.TryAdd(network);
        return network;
    });
}

/// <summary>What a jail is given of a network that is up for it.</summary>
/// <param name="Network">Its stack.</param>
/// <param name="Resolver">What <c>/etc/resolv.conf</c> says; null: the driver of jails decides.</param>
public sealed record RaisedNetwork(JailNetwork Network, string? Resolver)
{
    /// <summary>Ends when the rules of the network hold: a jail may be made before, and nothing may run in it. Fails as bringing it up does.</summary>
    public Task Ready { get; init; } = Task.CompletedTask;

    public JailSpec Apply(JailSpec spec) => spec with { Network = Network, Resolver = Resolver };
}
