using System.CommandLine;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene export</c>: the files of a container as a tar archive, without what is mounted in it.</summary>
internal static class ExportCommand
{
    public static Command Create(string name, Verb verb)
    {
        var reference = new Argument<string>("CONTAINER") { Description = "its name or the beginning of its id" };
        var output = new ArchiveOutput();
        var command = new Command(name) { reference };
        output.AddTo(command);
        verb.Does(command, async (context, cancellationToken) =>
        {
            output.RefuseTerminal(context);
            using var kleene = await context.OpenAsync(cancellationToken);
            await using var tree = await kleene.Trees.OpenAsync(kleene.Containers.Find(context.Get(reference)), cancellationToken);
            tree.RequireUncovered();
            await output.WriteAsync(context, tree.Path, tree.ShownUsers, cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }
}
