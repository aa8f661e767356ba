using System.CommandLine;
using Kleene.Build.Cli.Commands.Containers;
using Kleene.Build.Cli.Output;
using Entry = (string Name, System.Func<string, Kleene.Build.Cli.Commands.Verb, System.CommandLine.Command> Make, string Description);

namespace Kleene.Build.Cli.Commands;

/// <summary>
/// Which word leads to which command. Only the command that is called is built up: the options of all the others would be
/// most of the time that a short command takes.
/// </summary>
internal sealed class VerbTable(Machine machine, GlobalOptions globals, Terminal terminal, InterruptSignals signals)
{
    private static readonly Entry[] ForImages =
    [
        ("build", BuildCommand.Create, "build an image from a Kleenefile"),
        ("plan", PlanCommand.Create, "show what a build would do"),
        ("check", CheckCommand.Create, "say what a Kleenefile does that its author may not want"),
        ("fmt", FormatCommand.Create, "lay Kleenefiles out in the one canonical way"),
        ("context", ContextCommand.Create, "show what a build sees of its context"),
        ("explain", ExplainCommand.Create, "say why the steps of a build ran"),
        ("bisect", BisectCommand.Create, "find the first step of an image after which a command fails"),
        ("builds", BuildsCommands.Create, "show builds that were, and what their commands printed"),
        ("image", ImageCommands.Create, "make, list, inspect and remove images"),
    ];

    private static readonly Entry[] ForTheRest =
    [
        ("container", ContainerGroup.Create, "the commands for containers, by their full names"),
        ("network", NetworkCommands.Create, "addresses and names that containers share"),
        ("volume", VolumeCommands.Create, "trees that outlive containers and builds"),
        ("init", InitCommand.Create, "make a ZFS dataset for all trees, and remember it"),
        ("system", SystemCommands.Create, "what this installation uses"),
    ];

    /// <summary>In the order in which help lists them. Between the two are those for containers, whose <c>ls</c> is called <c>ps</c> here.</summary>
    private static IEnumerable<Entry> Verbs =>
        [.. ForImages, .. ContainerGroup.Members.Select(member => member with { Name = member.Name == "ls" ? "ps" : member.Name }), .. ForTheRest];

    public static string PathOf(ParseResult arguments)
    {
        var path = "";
        for (var command = arguments.CommandResult.Command; command.Parents.FirstOrDefault() is Command parent; command = parent)
        {
            path = $"{command.Name} {path}";
        }

        return path;
    }

    /// <summary>Whether errors are told by the exit codes of <c>run</c> and <c>exec</c>.</summary>
    public static bool RunsContainer(ParseResult arguments) => PathOf(arguments).Split(' ')[^2] is "run" or "exec" or "create" && PathOf(arguments).Split(' ') is [_, ""] or ["container", _, ""];

    public ParseResult Parse(string[] words)
    {
        // The options that a root has by itself have descriptions among the library's resources: looking them up takes a millisecond and more.
        var isCalled = Array.Exists(words, word => FullOf(word) is not null || Find(word) is not null);
        var root = isCalled && !Array.Exists(words, IsHelp) ? new Command("kleene") : new RootCommand("Builds container images in throwaway jails on copy-on-write snapshots, and runs them. No daemon.");
        globals.AddTo(root);
        var position = FirstWord(root, words);
        if (position >= words.Length && words.Contains("--version"))
        {
            // The library takes it alone only.
            words = ["--version"];
        }

        if (position < words.Length && FullOf(words[position]) is { } full)
        {
            words = [.. words[..position], .. full, .. words[(position + 1)..]];
        }

        var verb = new Verb(machine, globals, terminal, signals);
        if (position < words.Length && Find(words[position]) is { } called)
        {
            var command = Made(called);
            while (position + 1 < words.Length && command.Subcommands.FirstOrDefault(member => member.Name == words[position + 1]) is { } member)
            {
                (command, position) = (member, position + 1);
            }

            words = OptionsFirst.Apply(command, words, position);
        }
        else
        {
            foreach (var entry in Verbs)
            {
                Made(entry);
            }
        }

        // A word that begins with @ is a place in an image, never a file of further words.
        return root.Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });

        Command Made(Entry entry)
        {
            var command = entry.Make(entry.Name, verb);
            command.Description = entry.Description;
            root.Subcommands.Add(command);
            return command;
        }
    }

    private static Entry? Find(string name) => name switch
    {
        "ps" => FindIn(ContainerGroup.Members, "ls") is { } list ? list with { Name = name } : null,
        "ls" => null,
        _ => FindIn(ForImages, name) ?? FindIn(ForTheRest, name) ?? FindIn(ContainerGroup.Members, name),
    };

    private static Entry? FindIn(Entry[] verbs, string name)
    {
        foreach (var verb in verbs)
        {
            if (verb.Name == name)
            {
                return verb;
            }
        }

        return null;
    }

    /// <summary>What a short form stands for, klee's among them; null for what is none.</summary>
    private static string[]? FullOf(string word) => word switch
    {
        "lsi" => ["image", "ls"],
        "isi" => ["image", "inspect"],
        "rmi" => ["image", "rm"],
        "images" => ["image", "ls"],
        "lsc" => ["ps"],
        "isc" => ["inspect"],
        "rmc" => ["rm"],
        "lsn" => ["network", "ls"],
        "isn" => ["network", "inspect"],
        "rmn" => ["network", "rm"],
        "lsv" => ["volume", "ls"],
        "isv" => ["volume", "inspect"],
        "rmv" => ["volume", "rm"],
        "history" => ["image", "history"],
        "tag" => ["image", "tag"],
        _ => null,
    };

    private static bool IsHelp(string word) => word.Split('=')[0] is "--help" or "-h" or "-?" or "/h" or "/?";

    /// <summary>The place of the first word that is neither a global option nor the value of one.</summary>
    private static int FirstWord(Command root, string[] words)
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
internal sealed class Verb(Machine machine, GlobalOptions globals, Terminal terminal, InterruptSignals signals)
{
    public void Does(Command command, Func<Context, CancellationToken, Task<int>> action) =>
        command.SetAction((arguments, cancellationToken) => action(new Context(arguments, machine, globals, terminal, signals), cancellationToken));

    /// <summary>An action that may go on until somebody interrupts it: that is its end then, and nothing to complain of.</summary>
    public void DoesUntilInterrupted(Command command, Func<Context, CancellationToken, Task<int>> action) =>
        Does(command, async (context, cancellationToken) =>
        {
            try
            {
                return await action(context, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return ExitCodes.Interrupted;
            }
        });
}
