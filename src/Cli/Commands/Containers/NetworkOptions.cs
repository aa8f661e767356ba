using System.CommandLine;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>What a container sees of the network, and what the network sees of it.</summary>
internal sealed class NetworkOptions
{
    private readonly Option<string?> network = new("--network", "-n", "--driver", "-l") { Description = "host (default) or none", HelpName = "NETWORK" };
    private readonly Option<string[]> hosts = new("--add-host") { Description = "a line of /etc/hosts", HelpName = "NAME:ADDRESS" };

    public void AddTo(Command command)
    {
        command.Options.Add(network);
        command.Options.Add(hosts);
    }

    public ContainerSpec Apply(ContainerSpec spec, Context context) => spec with
    {
        Network = OptionValues.Network(context.Get(network), JailNetwork.Host),
        ExtraHosts = [.. (context.Get(hosts) ?? []).Select(OptionValues.Host)],
    };
}
