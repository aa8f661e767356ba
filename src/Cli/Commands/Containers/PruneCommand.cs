using System.CommandLine;
using Kleene.Build.Runtime.Containers;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene prune</c>: all containers that do not run, but for those that are to persist.</summary>
internal static class PruneCommand
{
    public static Command Create(string name, Verb verb)
    {
        var force = new Option<bool>("--force", "-f") { Description = "for scripts of other tools; nothing is asked here" };
        var command = new Command(name) { force };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            await PruneAsync(kleene, context.Terminal.Output, cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    public static async Task PruneAsync(Composition kleene, TextWriter output, CancellationToken cancellationToken)
    {
        foreach (var container in kleene.Containers.List().Where(IsDone).Reverse())
        {
            await kleene.Lifecycle.RemoveAsync(container, force: false, withVolumes: false, cancellationToken);
            output.WriteLine(container.Id);
        }
    }

    private static bool IsDone(Container container) => container is { State: ContainerState.Created or ContainerState.Exited, Session: "", Spec.IsPersistent: false };
}
