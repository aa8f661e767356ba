using System.CommandLine;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Networks;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene network</c>: addresses and names that containers share.</summary>
internal static class NetworkCommands
{
    private static readonly Listing<ShownNetwork> Columns = new(
        new("id", row => row.Network.Id.ToString()),
        new("name", row => row.Network.Name),
        new("type", row => row.Network.Type.ToString().ToLowerInvariant()),
        new("subnet", row => row.Network.Subnet?.ToString() ?? ""),
        new("subnet6", row => row.Network.Subnet6?.ToString() ?? ""),
        new("gateway", row => row.Network.Gateway?.ToString() ?? "", InTable: false),
        new("gateway6", row => row.Network.Gateway6?.ToString() ?? "", InTable: false),
        new("interface", row => row.Network.Interface, InTable: false),
        new("nat", row => row.Network.HasNat ? "true" : "false", (json, row) => json.WriteBooleanValue(row.Network.HasNat), InTable: false),
        new("natInterface", row => row.Network.NatInterface, InTable: false),
        new("icc", row => row.Network.AllowsNeighbours ? "true" : "false", (json, row) => json.WriteBooleanValue(row.Network.AllowsNeighbours), InTable: false),
        new("internal", row => row.Network.IsInternal ? "true" : "false", (json, row) => json.WriteBooleanValue(row.Network.IsInternal), InTable: false),
        new("created", row => Times.Text(row.Network.Created), InTable: false),
        new("containers", row => string.Join(' ', row.Endpoints.Select(endpoint => endpoint.Container)), (json, row) =>
        {
            json.WriteStartArray();
            foreach (var endpoint in row.Endpoints)
            {
                json.WriteStartObject();
                json.WriteString("id", endpoint.Endpoint.Owner.ToString());
                json.WriteString("name", endpoint.Container);
                json.WriteString("ip", endpoint.Endpoint.Address?.ToString() ?? "");
                json.WriteString("ip6", endpoint.Endpoint.Address6?.ToString() ?? "");
                json.WritePropertyName("aliases");
                json.WriteStrings(endpoint.Endpoint.Aliases);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }, InTable: false));

    public static Command Create(string name, Verb verb)
    {
        var group = new Command(name);
        group.Subcommands.Add(NetworkCreateCommand.Create(verb));
        group.Subcommands.Add(List(verb));
        group.Subcommands.Add(Inspect(verb));
        group.Subcommands.Add(Remove(verb));
        group.Subcommands.Add(Prune(verb));
        group.Subcommands.Add(Connect(verb));
        group.Subcommands.Add(Disconnect(verb));
        return group;
    }

    private static Command List(Verb verb)
    {
        var (format, quiet) = ListOptions.Create();
        var command = new Command("ls", "list networks") { format, quiet };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            Columns.Print(context.Terminal.Output, ShownNetwork.Of(kleene.NetworkRecords.List(), kleene), context.Get(format) ?? "table", context.Get(quiet));
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Inspect(Verb verb)
    {
        var references = References();
        var command = new Command("inspect", "show all that is known of networks") { references };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            Columns.Print(context.Terminal.Output, ShownNetwork.Of(context.Get(references).Select(kleene.NetworkRecords.Find), kleene), "json", quiet: false);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Remove(Verb verb)
    {
        var references = References();
        var force = new Option<bool>("--force", "-f") { Description = "also when running containers are on them; they are disconnected" };
        var command = new Command("rm", "remove networks; containers that do not run are disconnected") { references, force };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            foreach (var network in context.Get(references).Select(kleene.NetworkRecords.Find).ToList())
            {
                await kleene.Networks.RemoveAsync(network, context.Get(force), cancellationToken);
                context.Terminal.Output.WriteLine(network.Id);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Prune(Verb verb)
    {
        var force = new Option<bool>("--force", "-f") { Description = "nothing is asked in any case" };
        var command = new Command("prune", "remove the networks that no container is on") { force };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            await PruneAsync(kleene, context.Terminal.Output, cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    public static async Task PruneAsync(Composition kleene, TextWriter output, CancellationToken cancellationToken)
    {
        foreach (var network in await kleene.Networks.PruneAsync(cancellationToken))
        {
            output.WriteLine(network.Id);
        }
    }

    private static Command Connect(Verb verb)
    {
        var (network, container) = (NetworkArgument(), ContainerArgument());
        var address = new Option<string?>("--ip") { Description = "its IPv4 address there; a free one otherwise", HelpName = "ADDRESS" };
        var address6 = new Option<string?>("--ip6") { Description = "its IPv6 address there; a free one otherwise", HelpName = "ADDRESS" };
        var aliases = new TextsOption("--alias") { Description = "a further name there", HelpName = "NAME" };
        var command = new Command("connect", "put a container on a network, running or not") { network, container, address, address6, aliases };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var request = new EndpointRequest
            {
                Network = context.Get(network) == Network.DefaultName ? Network.DefaultName : kleene.NetworkRecords.Find(context.Get(network)).Name,
                Address = NetworkOption.Address(context.Get(address), "--ip"),
                Address6 = NetworkOption.Address(context.Get(address6), "--ip6"),
                Aliases = [.. context.Get(aliases) ?? []],
            };
            var found = kleene.Containers.Find(context.Get(container));
            await kleene.Networks.ConnectAsync(found.Id, found.Spec.Network.Driver, request, cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Disconnect(Verb verb)
    {
        var (network, container) = (NetworkArgument(), ContainerArgument());
        var command = new Command("disconnect", "take a container off a network, running or not") { network, container };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var found = kleene.Containers.Find(context.Get(container));
            await kleene.Networks.DisconnectAsync(found.Id, kleene.NetworkRecords.Find(context.Get(network)), cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Argument<string[]> References() =>
        new("NETWORK") { Description = "its name or the beginning of its id", Arity = ArgumentArity.OneOrMore };

    private static Argument<string> NetworkArgument() => new("NETWORK") { Description = "its name or the beginning of its id" };

    private static Argument<string> ContainerArgument() => new("CONTAINER") { Description = "its name or the beginning of its id" };

    /// <summary>A network with the names of the containers that are on it.</summary>
    private sealed record ShownNetwork(Network Network, IReadOnlyList<(Endpoint Endpoint, string Container)> Endpoints)
    {
        public static List<ShownNetwork> Of(IEnumerable<Network> networks, Composition kleene)
        {
            var names = kleene.Containers.List().ToDictionary(container => container.Id, container => container.Name);
            return [.. networks.Select(network => new ShownNetwork(
                network, [.. kleene.NetworkRecords.EndpointsIn(network.Id).Where(endpoint => names.ContainsKey(endpoint.Owner)).Select(endpoint => (endpoint, names[endpoint.Owner]))]))];
        }
    }
}
