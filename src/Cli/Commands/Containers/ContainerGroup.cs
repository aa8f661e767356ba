using System.CommandLine;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene container</c>: every command for containers, under its full name.</summary>
internal static class ContainerGroup
{
    /// <summary>Their names at the top are the same, but for <c>ps</c>.</summary>
    public static readonly (string Name, Func<string, Verb, Command> Make, string Description)[] Members =
    [
        ("create", CreateCommand.Create, "make a container that is started later"),
        ("run", RunCommand.Create, "run a command in a new container"),
        ("start", StartCommand.Create, "start containers that were made or have ended"),
        ("stop", StopCommand.Create, "stop containers"),
        ("restart", StopCommand.Create, "stop containers and start them again"),
        ("kill", KillCommand.Create, "send a signal to containers"),
        ("exec", ExecCommand.Create, "run a command in a running container"),
        ("attach", AttachCommand.Create, "take part in the streams of a running container"),
        ("logs", LogsCommand.Create, "show what a container has printed"),
        ("ls", ListCommand.Create, "list containers"),
        ("inspect", InspectCommand.Create, "show all that is known of containers"),
        ("stats", StatsCommand.Create, "show what running containers use"),
        ("top", TopCommand.Create, "list the processes of a running container"),
        ("update", UpdateCommand.Create, "change limits of containers, and what they run with their next start"),
        ("port", PortCommand.Create, "show where the ports of a running container are reached"),
        ("cp", CopyCommand.Create, "copy files into and out of containers"),
        ("diff", DiffCommand.Create, "list what a container changed in the files of its image"),
        ("commit", CommitCommand.Create, "make an image of a container"),
        ("export", ExportCommand.Create, "pack the files of a container into a tar archive"),
        ("wait", WaitCommand.Create, "wait until containers have ended"),
        ("rename", RenameCommand.Create, "give a container another name"),
        ("rm", RemoveCommand.Create, "remove containers"),
        ("prune", PruneCommand.Create, "remove all containers that do not run"),
    ];

    public static Command Create(string name, Verb verb)
    {
        var group = new Command(name);
        foreach (var (member, make, description) in Members)
        {
            var command = make(member, verb);
            command.Description = description;
            group.Subcommands.Add(command);
        }

        foreach (var callback in CallbackCommands.Create(verb))
        {
            group.Subcommands.Add(callback);
        }

        return group;
    }
}
