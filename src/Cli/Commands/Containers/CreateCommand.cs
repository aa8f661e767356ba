using System.CommandLine;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene create</c>: a new container for <c>start</c>.</summary>
internal static class CreateCommand
{
    public static Command Create(string name, Verb verb)
    {
        var options = new ContainerOptions();
        var command = new Command(name);
        options.AddTo(command);
        verb.Does(command, async (context, cancellationToken) =>
        {
            options.Check(context, detached: true);
            using var kleene = await context.OpenAsync(cancellationToken);
            var container = await options.CreateAsync(context, kleene, detached: true, cancellationToken);
            await kleene.Lifecycle.LeaveAsync(container, cancellationToken);
            context.Terminal.Output.WriteLine(container.Id);
            return ExitCodes.Done;
        });
        return command;
    }
}
