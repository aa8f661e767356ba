using System.CommandLine;
using Kleene.Build.Runtime.Containers;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene rm</c>: containers and their files.</summary>
internal static class RemoveCommand
{
    public static Command Create(string name, Verb verb)
    {
        var references = ContainerArgument.Several();
        var force = new Option<bool>("--force", "-f") { Description = "kill it first when it runs" };
        var volumes = new Option<bool>("--volumes", "-v") { Description = "its anonymous volumes too" };
        var command = new Command(name) { references, force, volumes };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            foreach (var container in context.Get(references).Select(kleene.Containers.Find).ToList())
            {
                await kleene.Lifecycle.RemoveAsync(container, context.Get(force), context.Get(volumes), cancellationToken);
                context.Terminal.Output.WriteLine(container.Id);
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
