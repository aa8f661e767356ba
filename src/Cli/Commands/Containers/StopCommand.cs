using System.CommandLine;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene stop</c> and <c>kleene restart</c>: asks containers to end, and kills those that do not.</summary>
internal static class StopCommand
{
    public static Command Create(string name, Verb verb)
    {
        var references = ContainerArgument.Several();
        var time = new Option<double?>("--time", "-t") { Description = "seconds until it is killed; 10, or what it was made with", HelpName = "SECONDS" };
        var command = new Command(name) { references, time };
        verb.Does(command, async (context, cancellationToken) =>
        {
            TimeSpan? grace = context.Get(time) is { } seconds ? OptionValues.Seconds(seconds, "--time") : null;
            using var kleene = await context.OpenAsync(cancellationToken);
            var containers = context.Get(references).Select(kleene.Containers.Find).ToList();

            // All at once: several that need their time take no longer than one.
            var ends = containers.ConvertAll(container => name == "restart"
                ? kleene.Lifecycle.RestartAsync(container, grace, cancellationToken)
                : kleene.Lifecycle.StopAsync(container, grace, cancellationToken));
            for (var i = 0; i < containers.Count; i++)
            {
                await ends[i];
                context.Terminal.Output.WriteLine(containers[i].Id);
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
