using System.CommandLine;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>
/// <c>kleene container ended</c>, <c>watch</c>, <c>supervise</c> and <c>lead</c>: what a container's supervisor calls, what stays beside a container that is to be
/// looked after, the supervisor itself where the system has none, and what becomes its first process where that has a terminal. They are not for people, and no help shows them.
/// </summary>
internal static class CallbackCommands
{
    public static IEnumerable<Command> Create(Verb verb)
    {
        yield return Callback("ended", verb, (kleene, id, supervisor, cancellationToken) => kleene.Lifecycle.EndedAsync(id, supervisor, cancellationToken));
        yield return Callback("watch", verb, (kleene, id, supervisor, cancellationToken) => kleene.Watch.WatchAsync(id, supervisor, cancellationToken));
        yield return CreateSupervise(verb);
        yield return CreateLead(verb);
    }

    private static Command CreateLead(Verb verb)
    {
        var id = new Argument<string>("ID");
        var command = new Command("lead") { id };
        command.Hidden = true;
        verb.Does(command, (context, _) =>
        {
            context.Lead(SnapshotId.Parse(context.Get(id)));
            return Task.FromResult(ExitCodes.Done);
        });
        return command;
    }

    private static Command CreateSupervise(Verb verb)
    {
        var id = new Argument<string>("ID");
        var held = new Argument<int[]>("FILE") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("supervise") { id, held };
        command.Hidden = true;
        verb.Does(command, async (context, cancellationToken) =>
        {
            await context.SuperviseAsync(SnapshotId.Parse(context.Get(id)), context.Get(held), cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Callback(string name, Verb verb, Func<Composition, SnapshotId, string, CancellationToken, Task> action)
    {
        var id = new Argument<string>("ID");
        var supervisor = new Argument<string>("SESSION");
        var command = new Command(name) { id, supervisor };
        command.Hidden = true;
        verb.Does(command, async (context, cancellationToken) =>
        {
            // A supervisor stands in what we are about to remove.
            Environment.CurrentDirectory = "/";
            using var kleene = await context.OpenAsync(cancellationToken);
            await action(kleene, SnapshotId.Parse(context.Get(id)), context.Get(supervisor), cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }
}
