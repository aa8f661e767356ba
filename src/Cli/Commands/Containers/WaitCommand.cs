using System.CommandLine;
using System.Globalization;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene wait</c>: until containers have ended; prints their exit codes.</summary>
internal static class WaitCommand
{
    public static Command Create(string name, Verb verb)
    {
        var references = ContainerArgument.Several();
        var command = new Command(name) { references };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            foreach (var container in context.Get(references).Select(kleene.Containers.Find).ToList())
            {
                var end = await kleene.Lifecycle.WaitAsync(container, cancellationToken);
                context.Terminal.Output.WriteLine(end.ExitCode?.ToString(CultureInfo.InvariantCulture) ?? "unknown");
                await context.Terminal.Output.FlushAsync(cancellationToken);
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
