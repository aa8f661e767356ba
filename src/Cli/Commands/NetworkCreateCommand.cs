using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Kleene.Build.Runtime.Networks;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene network create</c>, with klee's options.</summary>
internal static class NetworkCreateCommand
{
    public static Command Create(Verb verb)
    {
        var name = new Argument<string>("NAME");
        var type = new Option<string>("--type", "-t") { Description = "loopback, bridge (broadcasts reach all) or custom (a bridge that is there)", HelpName = "TYPE", DefaultValueFactory = _ => "loopback" };
        type.AcceptOnlyFromAmong("loopback", "bridge", "custom");
        var device = new Option<string?>("--interface", "-i") { Description = "what the host calls its interface; of a custom network, one that is there", HelpName = "IF" };
        var subnet = new Option<string?>("--subnet") { Description = "its IPv4 addresses; without any subnet free ones are chosen", HelpName = "CIDR" };
        var subnet6 = new Option<string?>("--subnet6") { Description = "its IPv6 addresses", HelpName = "CIDR" };
        var gateway = new Option<string>("--gw", "--gateway") { Description = "the host's own address in it: auto, none or an address", HelpName = "ADDRESS", DefaultValueFactory = _ => NetworkSpec.AutomaticGateway };
        var gateway6 = new Option<string>("--gw6") { Description = "the same of IPv6", HelpName = "ADDRESS", DefaultValueFactory = _ => NetworkSpec.AutomaticGateway };
        var nat = new Option<bool>("--nat") { Description = "whether what leaves the host bears the host's address", HelpName = "BOOL", Arity = ArgumentArity.ExactlyOne, DefaultValueFactory = _ => true };
        var natInterface = new Option<string?>("--nat-if") { Description = "the only interface on which it does", HelpName = "IF" };
        var neighbours = new Option<bool>("--icc") { Description = "whether its containers reach each other", HelpName = "BOOL", Arity = ArgumentArity.ExactlyOne, DefaultValueFactory = _ => true };
        var isInternal = new Option<bool>("--internal") { Description = "nothing leads in or out" };
        var command = new Command("create", "make a network") { name, type, device, subnet, subnet6, gateway, gateway6, nat, natInterface, neighbours, isInternal };
        verb.Does(command, async (context, cancellationToken) =>
        {
            var spec = new NetworkSpec
            {
                Name = context.Get(name),
                Type = Enum.Parse<NetworkType>(context.Get(type) ?? "loopback", ignoreCase: true),
                Interface = context.Get(device) ?? "",
                Subnet = Subnet(context.Get(subnet), AddressFamily.InterNetwork, "subnet"),
                Subnet6 = Subnet(context.Get(subnet6), AddressFamily.InterNetworkV6, "subnet6"),
                Gateway = context.Get(gateway) ?? "",
                Gateway6 = context.Get(gateway6) ?? "",
                HasNat = context.Get(nat),
                NatInterface = context.Get(natInterface) ?? "",
                AllowsNeighbours = context.Get(neighbours),
                IsInternal = context.Get(isInternal),
            };
            using var kleene = await context.OpenAsync(cancellationToken);
            context.Terminal.Output.WriteLine((await kleene.Networks.CreateAsync(spec, cancellationToken)).Id);
            if (kleene.Networks.Barrier() is { } barrier)
            {
                context.Terminal.Error.WriteLine($"warning: {barrier}");
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static IPNetwork? Subnet(string? text, AddressFamily family, string what) =>
        text is { Length: > 0 } ? NetworkSpec.ParseSubnet(text, family, what) : null;
}
