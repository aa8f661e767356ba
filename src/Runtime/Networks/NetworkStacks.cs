using System.Collections.Immutable;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks;

/// <summary>
/// Brings up and takes down what runs: the stacks of containers, the networks under them, the rules and the names. Its caller holds the lock of the store.
/// </summary>
internal sealed class NetworkStacks(
    NetworkStore networks, StackStore stacks, INetworkDriver driver, Database database, NetworkPlanner planner)
{
    private readonly NetworkPicture picture = new(networks, stacks);
    private readonly PortBook ports = new(stacks, driver);

    /// <summary>
    /// Brings up a stack with all its endpoints. Whoever calls this takes it down again, also when it fails. The rules may need some time more: what is
    /// returned ends when they hold.
    /// </summary>
    /// <param name="session">The command without which nobody wants it; empty for a container.</param>
    /// <param name="hosts">The lines of its hosts file that do not change.</param>
    /// <param name="isNew">Whether nothing of it can be there yet.</param>
    public async Task<Task> RaiseAsync(
        StackSpec stack, string session, ImmutableArray<PortPublication> published, string hostname, string hosts, bool isNew, CancellationToken cancellationToken)
    {
        var id = stack.Id;
        if (!isNew && stacks.Has(id))
        {
            // What a command left that was killed.
            await TakeDownAsync(id, cancellationToken);
            stacks.Forget(id);
        }

        foreach (var (_, network) in picture.LinksOf(id))
        {
            await SettleAsync(network, cancellationToken);
        }

        database.Transact(() =>
        {
            stacks.Announce(stack, session, hostname, hosts);
            ports.Take(id, published);
            return id;
        });
        var links = picture.LinksOf(id);
        var rules = await BesideRulesAsync(
            async () =>
            {
                await driver.RaiseStackAsync(stack);
                foreach (var (endpoint, network) in links)
                {
                    await driver.RaiseNetworkAsync(network);
                    await driver.ConnectAsync(stack, endpoint, network);
                }

                await driver.RouteOutAsync(stack, links, isUsed: false);
            },
            cancellationToken);
        TellNames(links.Select(link => link.Network.Id));
        if (links.Count == 0)
        {
            TellNames(id);
        }

        return rules;
    }

    /// <summary>Takes a stack down, and its networks where it was the last on them. What it had of a build goes for good.</summary>
    public async Task LowerAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        var changed = await TakeDownAsync(id, cancellationToken);
        database.Transact(() =>
        {
            if (stacks.NameOf(id).Length == 0)
            {
                networks.RemoveEndpointsOf(id);
            }

            stacks.Forget(id);
            return id;
        });
        TellNames(changed);
    }

    /// <summary>Puts a stack that is up on one more network.</summary>
    /// <param name="add">Records the endpoint.</param>
    public async Task ConnectAsync(StackSpec stack, Network network, Func<Network, Endpoint> add, CancellationToken cancellationToken)
    {
        var settled = await SettleAsync(network, cancellationToken);
        var endpoint = database.Transact(() => add(settled));
        var rules = await BesideRulesAsync(
            async () =>
            {
                await driver.RaiseNetworkAsync(settled);
                await driver.ConnectAsync(stack, endpoint, settled);
                await driver.RouteOutAsync(stack, picture.LinksOf(stack.Id), isUsed: true);
            },
            cancellationToken);
        await rules;
        TellNames([network.Id]);
    }

    /// <summary>Takes a container off a network, up or not.</summary>
    public async Task DisconnectAsync(Endpoint endpoint, Network network, CancellationToken cancellationToken)
    {
        var stack = stacks.IsUp(endpoint.Owner) ? stacks.TryGet(endpoint.Owner) : null;
        if (stack is not null)
        {
            await driver.DisconnectAsync(stack, endpoint, network);
        }

        networks.Remove(endpoint);
        if (stack is not null)
        {
            await driver.RouteOutAsync(stack, picture.LinksOf(stack.Id), isUsed: true);
            if (!stacks.NetworksUp().Contains(network.Id))
            {
                await driver.LowerNetworkAsync(network);
            }

            await driver.ApplyAsync(picture.Intent(), cancellationToken);
            TellNames(endpoint.Owner);
            TellNames([network.Id]);
        }
    }

    /// <summary>What a jail is given to use a stack that is up.</summary>
    public JailNetwork JailOn(StackSpec stack) => driver.StackOf(stack, picture.LinksOf(stack.Id));

    /// <summary>Puts the rules back, should somebody have taken them away.</summary>
    public async Task RestoreRulesAsync(CancellationToken cancellationToken)
    {
        try
        {
            await driver.ApplyAsync(picture.Intent(), cancellationToken);
        }
        catch (KleeneException)
        {
            // Rules that are missing or left over are told to who brings something up next. Who lists or stops containers can do without them.
        }
    }

    /// <summary>Writes the hosts files of all who are on these networks.</summary>
    public void TellNames(IEnumerable<SnapshotId> changed)
    {
        var names = new Dictionary<SnapshotId, string>();
        foreach (var id in changed.SelectMany(stacks.ListOn).Distinct().ToList())
        {
            TellNames(id, names);
        }
    }

    public void TellNames(SnapshotId id, Dictionary<SnapshotId, string>? names = null)
    {
        if (picture.HostsOf(id, names ?? []) is { } text)
        {
            driver.WriteHosts(id, text);
        }
    }

    /// <returns>The networks that it was on.</returns>
    private async Task<IReadOnlyList<SnapshotId>> TakeDownAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        var links = picture.LinksOf(id);
        var stack = stacks.TryGet(id) ?? new StackSpec(id, NetworkDriver.Ipnet);
        database.Transact(() =>
        {
            stacks.Renounce(id);
            return id;
        });
        var rules = RestoreRulesAsync(cancellationToken);
        await Task.Run(
            async () =>
            {
                var up = stacks.NetworksUp();
                foreach (var (endpoint, network) in links)
                {
                    await driver.DisconnectAsync(stack, endpoint, network);
                    if (!up.Contains(network.Id))
                    {
                        await driver.LowerNetworkAsync(network);
                    }
                }

                await driver.LowerStackAsync(stack);
            },
            CancellationToken.None);
        await rules;
        return [.. links.Select(link => link.Network.Id)];
    }

    /// <summary>Changes interfaces while the rules are changed: neither needs the other, and both take their time. What is returned ends when the rules hold.</summary>
    private async Task<Task> BesideRulesAsync(Func<Task> change, CancellationToken cancellationToken)
    {
        var rules = SayingWhatElseAsync(driver.ApplyAsync(picture.Intent(), cancellationToken));
        try
        {
            await SayingWhatElseAsync(Task.Run(change, CancellationToken.None));
        }
        catch
        {
            // Who takes down what is half up must not meet rules that are still being made. Should they fail as well, the first failure counts.
            await Task.WhenAny(rules);
            throw;
        }

        return rules;
    }

    private static async Task SayingWhatElseAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (IOException exception)
        {
            throw new NetworkException($"the network could not be brought up: {exception.Message}; without one of its own there is the host's, by --network host");
        }
    }

    /// <summary>
    /// Sees to it that a network that is about to come up does not take the host's ways to others: its subnet may have become somebody's since
    /// it was chosen. One that we chose is chosen anew, and its containers move.
    /// </summary>
    private async Task<Network> SettleAsync(Network network, CancellationToken cancellationToken)
    {
        if (network.Type == NetworkType.Custom || network.Subnet is not { } subnet || stacks.NetworksUp().Contains(network.Id))
        {
            return network;
        }

        var host = await driver.LookAsync(cancellationToken);
        var routes = host.Routes.Where(route => route.Interface != network.Interface).ToList();
        if (new SubnetPool(routes, []).RouteTo(subnet) is not { } route)
        {
            return network;
        }

        if (!network.IsAutomatic)
        {
            throw new NetworkException($"the subnet {subnet} of the network '{network.Name}' overlaps with the host's route {route}; remove one of them");
        }

        return database.Transact(() =>
        {
            var other = planner.Replace(network, [.. networks.List().Where(kept => kept.Id != network.Id)], host);
            var pool = new AddressPool(subnet, null);
            var gateway = network.Gateway is { } old ? pool.Moved(old, other) : null;
            var moved = networks.EndpointsIn(network.Id).Select(endpoint => endpoint with { Address = endpoint.Address is { } address ? pool.Moved(address, other) : null });
            networks.Move(network, other, gateway, moved);
            return network with { Subnet = other, Gateway = gateway };
        });
    }
}
