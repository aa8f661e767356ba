using System.CommandLine;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene rename</c>: another name for a container, and nothing else.</summary>
internal static class RenameCommand
{
    public static Command Create(string name, Verb verb)
    {
        var reference = ContainerArgument.One();
        var newName = new Argument<string>("NAME") { Description = "its name from now on" };
        var command = new Command(name) { reference, newName };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var container = kleene.Containers.Find(context.Get(reference));
            await kleene.Lifecycle.RenameAsync(container, context.Get(newName), cancellationToken);
            context.Terminal.Output.WriteLine(container.Id);
            return ExitCodes.Done;
        });
        return command;
    }
}
