using System.CommandLine;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Cli.Commands;

/// <summary>What a command's action is given: its arguments, the streams and the way to the real machine.</summary>
internal sealed class Context(ParseResult arguments, Machine machine, GlobalOptions globals, Terminal terminal, InterruptSignals signals)
{
    public ParseResult Arguments => arguments;

    public Terminal Terminal => terminal;

    public InterruptSignals Signals => signals;

    public bool HasColor => globals.HasColor(arguments);

    /// <summary>Opens the state directory and everything that works on it.</summary>
    public Task<Composition> OpenAsync(CancellationToken cancellationToken) =>
        Composition.OpenAsync(
            machine,
            globals.Root(arguments),
            globals.Storage(arguments),
            globals.IsDebug(arguments) ? new DebugLog(terminal.Error, globals.LogsJson(arguments)).CommandEnded : null,
            cancellationToken);

    /// <summary>Stays with a jail to its end. Needs neither the database nor the trees.</summary>
    public Task SuperviseAsync(SnapshotId jail, IReadOnlyList<int> held, CancellationToken cancellationToken) =>
        Composition.SuperviseAsync(machine, globals.Root(arguments), jail, held, cancellationToken);

    public T? Get<T>(Option<T> option) => arguments.GetValue(option);

    /// <summary>Null when the argument may be left out and was.</summary>
    public T Get<T>(Argument<T> argument) => arguments.GetValue(argument)!;
}
