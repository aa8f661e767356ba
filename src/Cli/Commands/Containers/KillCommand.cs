using System.CommandLine;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene kill</c>: a signal to the first process of containers.</summary>
internal static class KillCommand
{
    public static Command Create(string name, Verb verb)
    {
        var references = ContainerArgument.Several();
        var signal = new Option<string>("--signal", "-s") { Description = "its name or number", HelpName = "SIGNAL", DefaultValueFactory = _ => "KILL" };
        var command = new Command(name) { references, signal };
        verb.Does(command, async (context, cancellationToken) =>
        {
            var number = Signals.Parse(OptionValues.Signal(context.Get(signal), "--signal")!); // It has a default.
            using var kleene = await context.OpenAsync(cancellationToken);
            foreach (var container in context.Get(references).Select(kleene.Containers.Find).ToList())
            {
                await kleene.Lifecycle.KillAsync(container, number, cancellationToken);
                context.Terminal.Output.WriteLine(container.Id);
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
