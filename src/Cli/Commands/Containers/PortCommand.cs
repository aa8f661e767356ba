using System.CommandLine;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Networks;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene port</c>: where the ports of a running container are reached.</summary>
internal static class PortCommand
{
    public static Command Create(string name, Verb verb)
    {
        var reference = ContainerArgument.One();
        var wanted = new Argument<string?>("PORT") { Description = "only this port of the container, such as 80 or 53/udp", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command(name) { reference, wanted };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var container = kleene.Containers.Find(context.Get(reference));
            var ports = kleene.Stacks.PortsOf(container.Id).SelectMany(Each);
            if (context.Get(wanted) is not { } text)
            {
                foreach (var port in ports)
                {
                    context.Terminal.Output.WriteLine($"{InContainer(port)} -> {OnHost(port)}");
                }

                return ExitCodes.Done;
            }

            var full = text.Contains('/', StringComparison.Ordinal) ? text : $"{text}/tcp";
            var found = ports.Where(port => InContainer(port) == full).ToList();
            found.ForEach(port => context.Terminal.Output.WriteLine(OnHost(port)));
            return found.Count > 0 ? ExitCodes.Done : throw new KleeneException($"'{container.Name}' publishes no port {full} now; 'kleene port {container.Name}' shows those it does");
        });
        return command;
    }

    /// <summary>A range as its single ports.</summary>
    private static IEnumerable<PortPublication> Each(PortPublication range) =>
        Enumerable.Range(0, range.Count).Select(i => range with { HostPort = range.HostPort + i, ContainerPort = range.ContainerPort + i, Count = 1 });

    private static string InContainer(PortPublication port) => port.ToString().Split("->")[^1];

    private static string OnHost(PortPublication port) => port.ToString().Split("->")[0];
}
