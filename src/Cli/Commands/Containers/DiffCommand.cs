using System.CommandLine;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene diff</c>: what a container's files are beside those of its image.</summary>
internal static class DiffCommand
{
    private static readonly Listing<TreeChange> Changes = new(
        new("kind", change => change.Letter.ToString()),
        new("path", change => change.Path.ToDisplay()));

    public static Command Create(string name, Verb verb)
    {
        var reference = new Argument<string>("CONTAINER") { Description = "its name or the beginning of its id" };
        var format = Format();
        var command = new Command(name) { reference, format };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var container = kleene.Containers.Find(context.Get(reference));
            await using var tree = await kleene.Trees.OpenAsync(container, cancellationToken);
            tree.RequireUncovered();
            var changes = await kleene.Snapshots.Store.CompareAsync(container.Snapshot, container.Id, tree.ShownUsers, cancellationToken);
            Print(context, WithoutMade(changes, tree.IsRunning ? kleene.Jails.MadeMountPoints(container.Id.ToString()) : []), context.Get(format));
            return ExitCodes.Done;
        });
        return command;
    }

    private static Option<string> Format() =>
        new("--format") { Description = "text, json or a template such as {{.path}}", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };

    /// <summary>Docker's lines: a letter, a blank and the path.</summary>
    private static void Print(Context context, IReadOnlyCollection<TreeChange> changes, string? format) =>
        Changes.Print(context.Terminal.Output, changes, format is null or "text" ? "{{.kind}} {{.path}}" : format, quiet: false);

    /// <summary>What the jail's own mounts needed is nobody's change; and a directory in which nothing else happened is none then, either.</summary>
    private static IReadOnlyCollection<TreeChange> WithoutMade(IReadOnlyList<TreeChange> changes, IReadOnlyCollection<string> made)
    {
        var hidden = made.ToHashSet(StringComparer.Ordinal);
        var kept = changes.Where(change => change.Kind != TreeChangeKind.Added || !hidden.Contains(change.Path.ToString())).ToList();
        return kept.Count == changes.Count ? changes : [.. kept.Where((change, i) => change.IsOwn || HasBelow(kept, i))];
    }

    private static bool HasBelow(List<TreeChange> changes, int index) =>
        index + 1 < changes.Count && changes[index + 1].Path.ToString().StartsWith($"{changes[index].Path}/", StringComparison.Ordinal);
}
