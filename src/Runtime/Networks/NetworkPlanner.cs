using System.Net;
using System.Net.Sockets;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks;

/// <summary>Turns a wish into a network: finds subnets, gateways and a name for the interface. Makes nothing.</summary>
internal sealed class NetworkPlanner(string root, TimeProvider clock)
{
    /// <param name="host">How the host is connected.</param>
    /// <exception cref="KleeneException">The wish contradicts itself, the host or the other networks.</exception>
    public Network Plan(NetworkSpec spec, IReadOnlyList<Network> others, HostWays host)
    {
        var name = NetworkStore.Checked(spec.Name);
        var id = SnapshotId.New();
        var pool = new SubnetPool(host.Routes, others);
        var isAutomatic = spec is { Subnet: null, Subnet6: null } && spec.Type != NetworkType.Custom;
        if (spec.Type == NetworkType.Custom && spec.Interface.Length == 0)
        {
            throw new NetworkException($"a network of the type custom is of an interface that exists; name it with --interface");
        }

        foreach (var subnet in new[] { spec.Subnet, spec.Subnet6 }.OfType<IPNetwork>())
        {
            RequireFree(subnet, spec, pool);
        }

        if (spec.Subnet6 is not null && !host.HasIpv6)
        {
            throw new NetworkException("the host does not speak IPv6; leave --subnet6 away");
        }

        var (subnet4, subnet6) = isAutomatic
            ? (pool.Choose(name == Network.DefaultName, SubnetPool.Seed($"{root}\n{name}")), host.HasIpv6 ? SubnetPool.Local(id) : (IPNetwork?)null)
            : (spec.Subnet, spec.Subnet6);
        return new Network
        {
            Id = id,
            Name = name,
            Type = spec.Type,
            Interface = spec.Interface.Length > 0 ? Interface(spec.Interface, others) : $"kb{id}",
            Subnet = subnet4,
            Subnet6 = subnet6,
            Gateway = Gateway(spec.Gateway, subnet4, AddressFamily.InterNetwork, "gateway"),
            Gateway6 = Gateway(spec.Gateway6, subnet6, AddressFamily.InterNetworkV6, "gateway6"),
            HasNat = spec.HasNat,
            NatInterface = spec.NatInterface.Length == 0 || NetworkStore.IsInterfaceName(spec.NatInterface)
                ? spec.NatInterface
                : throw new NetworkException($"'{spec.NatInterface}' cannot be the name of an interface"),
            AllowsNeighbours = spec.AllowsNeighbours,
            IsInternal = spec.IsInternal,
            IsAutomatic = isAutomatic,
            Created = clock.GetUtcNow(),
        };
    }

    /// <summary>Another subnet for a network whose own has been taken by others meanwhile.</summary>
    public IPNetwork Replace(Network network, IReadOnlyList<Network> others, HostWays host) =>
        new SubnetPool(host.Routes, others).Choose(network.Name == Network.DefaultName, SubnetPool.Seed($"{root}\n{network.Name}"));

    private static void RequireFree(IPNetwork subnet, NetworkSpec spec, SubnetPool pool)
    {
        var option = subnet.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? "--subnet" : "--subnet6";
        if (subnet.PrefixLength == 0)
        {
            throw new NetworkException($"the subnet {subnet} is all there is; choose a smaller one with {option}");
        }

        // A custom network is where its interface is: a route to that is no accident.
        if (pool.Conflict(subnet) is { } conflict && !(spec.Type == NetworkType.Custom && pool.RouteTo(subnet)?.Interface == spec.Interface))
        {
            throw new NetworkException($"the subnet {subnet} overlaps with {conflict}; choose another with {option}");
        }
    }

    private static string Interface(string name, IReadOnlyList<Network> others) =>
        !NetworkStore.IsInterfaceName(name) ? throw new NetworkException($"'{name}' cannot be the name of an interface; it has 15 characters at most, letters, digits and . _ -")
        : others.FirstOrDefault(network => network.Interface == name) is { } other ? throw new NetworkException($"the interface '{name}' is that of the network '{other.Name}'")
        : name;

    private static IPAddress? Gateway(string wish, IPNetwork? subnet, AddressFamily family, string what)
    {
        if (wish is NetworkSpec.NoGateway or "")
        {
            return null;
        }

        if (subnet is not { } own)
        {
            return wish == NetworkSpec.AutomaticGateway ? null : throw new NetworkException($"invalid {what}: there is no {(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")} subnet that it could be in");
        }

        if (wish == NetworkSpec.AutomaticGateway)
        {
            return AddressPool.FirstHost(own);
        }

        try
        {
            return new AddressPool(own, null).Checked(wish, new HashSet<IPAddress>());
        }
        catch (NetworkException exception)
        {
            throw new NetworkException($"invalid {what}: {exception.Message}");
        }
    }
}
