using System.Collections.Immutable;
using System.CommandLine;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Networks;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>What a container sees of the network, and what the network sees of it.</summary>
internal sealed class NetworkOptions
{
    private readonly TextsOption networks = new("--network", "-n") { Description = "a network to be on, 'host' or 'none'; one called 'default' otherwise", HelpName = "NAME[:ip=…,alias=…]" };
    private readonly Option<string?> driver = new("--driver", "-l") { Description = "host, ipnet, vnet or disabled", HelpName = "DRIVER" };
    private readonly Option<string?> address = new("--ip") { Description = "its IPv4 address on the network", HelpName = "ADDRESS" };
    private readonly Option<string?> address6 = new("--ip6") { Description = "its IPv6 address on the network", HelpName = "ADDRESS" };
    private readonly TextsOption ports = new("--publish", "-p") { Description = "a port of the host that leads to one of it", HelpName = "HOST:CONTAINER" };
    private readonly Option<bool> allPorts = new("--publish-all") { Description = "publish what the image exposes, on free ports" };
    private readonly TextsOption resolvers = new("--dns") { Description = "whom it asks for names", HelpName = "ADDRESS" };
    private readonly TextsOption hosts = new("--add-host") { Description = "a line of /etc/hosts", HelpName = "NAME:ADDRESS" };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[networks, driver, address, address6, ports, allPorts, resolvers, hosts])
        {
            command.Options.Add(option);
        }
    }

    public ContainerSpec Apply(ContainerSpec spec, Context context, ImageConfig image) => spec with
    {
        Network = Request(context, image),
        ExtraHosts = [.. (context.Get(hosts) ?? []).Select(OptionValues.Host)],
    };

    private NetworkRequest Request(Context context, ImageConfig image)
    {
        var named = context.Get(networks) ?? [];
        var kind = Driver(context.Get(driver));

        // 'host' and 'none' are no networks, but say which driver is meant.
        foreach (var word in named.Where(word => word is "host" or "none" or "disabled"))
        {
            var meant = Driver(word);
            if (kind is not null && kind != meant)
            {
                throw new UsageException($"--network {word} and the driver '{kind.ToString()!.ToLowerInvariant()}' exclude each other");
            }

            kind = meant;
        }

        var requests = named.Where(word => word is not ("host" or "none" or "disabled")).Select(NetworkOption.Read).ToImmutableArray();
        if (kind is null && requests.IsEmpty)
        {
            requests = NetworkRequest.Default.Endpoints;
        }

        return new NetworkRequest
        {
            Driver = kind ?? NetworkDriver.Ipnet,
            Endpoints = Addressed(requests, NetworkOption.Address(context.Get(address), "--ip"), NetworkOption.Address(context.Get(address6), "--ip6")),
            Ports = [.. (context.Get(ports) ?? []).Select(port => PublishOption.Read(port)), .. context.Get(allPorts) ? image.ExposedPorts.Keys.Select(port => PublishOption.Read(port, "EXPOSE")) : []],
            Resolvers = [.. (context.Get(resolvers) ?? []).Select(resolver => NetworkOption.Address(resolver, "--dns"))],
        };
    }

    private static NetworkDriver? Driver(string? text) => text switch
    {
        null => null,
        "host" => NetworkDriver.Host,
        "none" or "disabled" => NetworkDriver.Disabled,
        "ipnet" => NetworkDriver.Ipnet,
        "vnet" => NetworkDriver.Vnet,
        _ => throw new UsageException($"--driver '{text}' does not exist; there are host, ipnet, vnet and disabled; a network is named by --network"),
    };

    private static ImmutableArray<EndpointRequest> Addressed(ImmutableArray<EndpointRequest> requests, string address, string address6)
    {
        if (address.Length == 0 && address6.Length == 0)
        {
            return requests;
        }

        return requests is [var only]
            ? [only with { Address = address.Length > 0 ? address : only.Address, Address6 = address6.Length > 0 ? address6 : only.Address6 }]
            : throw new UsageException("--ip and --ip6 are for a container on one network; write --network NAME:ip=ADDRESS,ip6=ADDRESS");
    }
}
