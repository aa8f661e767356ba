using System.CommandLine;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Checks;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Storage.Zfs;

namespace Kleene.Build.Cli.Commands;

/// <summary>What a command's action is given: its arguments, the streams and the way to the real machine.</summary>
internal sealed class Context(ParseResult arguments, Machine machine, GlobalOptions globals, Terminal terminal, InterruptSignals signals)
{
    public ParseResult Arguments => arguments;

    public Terminal Terminal => terminal;

    public InterruptSignals Signals => signals;

    public bool HasColor => globals.HasColor(arguments);

    private Action<CommandLine, ExitStatus, TimeSpan>? CommandEnded => globals.IsDebug(arguments) ? new DebugLog(terminal.Error, globals.LogsJson(arguments)).CommandEnded : null;

    /// <summary>Opens the state directory and everything that works on it.</summary>
    public Task<Composition> OpenAsync(CancellationToken cancellationToken) =>
        Composition.OpenAsync(
            machine,
            globals.Root(arguments),
            globals.Storage(arguments),
            CommandEnded,
            cancellationToken);

    /// <summary>Stays with a jail to its end. Needs neither the database nor the trees.</summary>
    public Task SuperviseAsync(SnapshotId jail, IReadOnlyList<int> held, CancellationToken cancellationToken) =>
        Composition.SuperviseAsync(machine, globals.Root(arguments), jail, held, cancellationToken);

    /// <summary>Becomes the first process of a jail, on the terminal that is our standard input.</summary>
    public void Lead(SnapshotId jail) => Composition.Lead(machine, globals.Root(arguments), jail);

    /// <summary>Looks at the host, and opens nothing: what it lacks may be what keeps a store from being opened.</summary>
    public IHostCheck HostCheck() => Drivers.HostCheckOf(machine, machine.Processes(CommandEnded), Path.GetFullPath(globals.Root(arguments)));

    /// <summary>Makes a dataset for the trees of the state directory.</summary>
    public Task<StorageChoice> InitializeAsync(DatasetName dataset, CancellationToken cancellationToken) =>
        Composition.InitializeAsync(machine, machine.Processes(CommandEnded), globals.Root(arguments), dataset, cancellationToken);

    /// <summary>The same with other arguments: those of a command within a command.</summary>
    public Context With(ParseResult others) => new(others, machine, globals, terminal, signals);

    /// <summary>The default of its type when the option was not given and has no default of its own.</summary>
    public T? Get<T>(Option<T> option) => arguments.GetResult(option) is null ? default : arguments.GetValue(option);

    /// <summary>Null when the argument may be left out and was.</summary>
    public T Get<T>(Argument<T> argument) => arguments.GetValue(argument)!;
}
