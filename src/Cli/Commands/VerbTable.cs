using System.CommandLine;
using Kleene.Build.Cli.Commands.Containers;
using Kleene.Build.Cli.Output;

namespace Kleene.Build.Cli.Commands;

/// <summary>
/// Which word leads to which command. Only the command that is called is built up: the options of all the others would be
/// most of the time that a short command takes.
/// </summary>
internal sealed class VerbTable(GlobalOptions globals, Terminal terminal, InterruptSignals signals)
{
    private delegate Command Factory(string name, Verb verb);

    private static readonly Dictionary<string, (Factory Make, string Description)> Verbs = new(ContainerVerbs(), StringComparer.Ordinal)
    {
        ["build"] = (BuildCommand.Create, "build an image from a Kleenefile"),
        ["plan"] = (PlanCommand.Create, "show what a build would do"),
        ["check"] = (CheckCommand.Create, "say what a Kleenefile does that its author may not want"),
        ["fmt"] = (FormatCommand.Create, "lay Kleenefiles out in the one canonical way"),
        ["context"] = (ContextCommand.Create, "show what a build sees of its context"),
        ["image"] = (ImageCommands.Create, "make, list, inspect and remove images"),
        ["container"] = (ContainerGroup.Create, "the commands for containers, by their full names"),
        ["network"] = (NetworkCommands.Create, "addresses and names that containers share"),
        ["volume"] = (VolumeCommands.Create, "trees that outlive containers and builds"),
        ["system"] = (SystemCommands.Create, "what this installation uses"),
    };

    /// <summary>Short forms, klee's among them, and what they stand for.</summary>
    private static readonly Dictionary<string, string[]> Short = new(StringComparer.Ordinal)
    {
        ["lsi"] = ["image", "ls"],
        ["isi"] = ["image", "inspect"],
        ["rmi"] = ["image", "rm"],
        ["images"] = ["image", "ls"],
        ["lsc"] = ["ps"],
        ["isc"] = ["inspect"],
        ["rmc"] = ["rm"],
        ["lsn"] = ["network", "ls"],
        ["isn"] = ["network", "inspect"],
        ["rmn"] = ["network", "rm"],
        ["lsv"] = ["volume", "ls"],
        ["isv"] = ["volume", "inspect"],
        ["rmv"] = ["volume", "rm"],
        ["history"] = ["image", "history"],
        ["tag"] = ["image", "tag"],
    };

    private static Dictionary<string, (Factory Make, string Description)> ContainerVerbs() =>
        ContainerGroup.Members.ToDictionary(member => member.Name == "ls" ? "ps" : member.Name, member => ((Factory)member.Make.Invoke, member.Description));

    public static string PathOf(ParseResult arguments) =>
        string.Concat(
            arguments.CommandResult.Command.Parents.OfType<Command>().Where(parent => parent is not RootCommand).Append(arguments.CommandResult.Command)
                .Where(command => command is not RootCommand).Select(command => $"{command.Name} "));

    /// <summary>Whether errors are told by the exit codes of <c>run</c> and <c>exec</c>.</summary>
    public static bool RunsContainer(ParseResult arguments) => arguments.CommandResult.Command.Name is "run" or "exec" or "create";

    public ParseResult Parse(string[] words)
    {
        var root = new RootCommand("Builds container images in throwaway jails on copy-on-write snapshots, and runs them. No daemon.");
        globals.AddTo(root);
        var position = FirstWord(root, words);
        if (position < words.Length && (Verbs.ContainsKey(words[position]) || Short.ContainsKey(words[position])))
        {
            if (Short.TryGetValue(words[position], out var full))
            {
                words = [.. words[..position], .. full, .. words[(position + 1)..]];
            }

            var name = words[position];
            var command = Verbs[name].Make(name, new Verb(globals, terminal, signals));
            command.Description = Verbs[name].Description;
            root.Subcommands.Add(command);
            words = OptionsFirst.Apply(command, words, position);
        }
        else
        {
            foreach (var (name, verb) in Verbs)
            {
                var command = verb.Make(name, new Verb(globals, terminal, signals));
                command.Description = verb.Description;
                root.Subcommands.Add(command);
            }
        }

        // A word that begins with @ is a place in an image, never a file of further words.
        return root.Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
    }

    /// <summary>The place of the first word that is neither a global option nor the value of one.</summary>
    private static int FirstWord(RootCommand root, string[] words)
    {
        var i = 0;
        while (i < words.Length && words[i].StartsWith('-'))
        {
            var takesNext = root.Options.Any(option => option.Name == words[i] && option.ValueType != typeof(bool) && option.Arity.MinimumNumberOfValues > 0);
            i += takesNext ? 2 : 1;
        }

        return i;
    }
}

/// <summary>Gives actions of commands what they need.</summary>
internal sealed class Verb(GlobalOptions globals, Terminal terminal, InterruptSignals signals)
{
    public void Does(Command command, Func<Context, CancellationToken, Task<int>> action) =>
        command.SetAction((arguments, cancellationToken) => action(new Context(arguments, globals, terminal, signals), cancellationToken));
}
