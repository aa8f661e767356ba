using System.CommandLine;
using System.Globalization;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene image diff</c>: what is other in one image, or at one of its steps, than in another: which paths, in what, and how large they are.</summary>
internal static class ImageDiffCommand
{
    private static readonly Listing<Row> Columns = new(
        new("kind", row => row.Change.Letter.ToString()),
        new("path", row => row.Change.Path.ToDisplay()),
        new("before", row => Size(row.Before), (json, row) => json.WriteOptional(row.Before)),
        new("after", row => Size(row.After), (json, row) => json.WriteOptional(row.After)),
        new("what", row => string.Join(", ", row.What), (json, row) => json.WriteStrings(row.What)));

    public static Command Create(Verb verb)
    {
        var before = new Argument<string>("BEFORE") { Description = "name[:tag][@step] or the beginning of an id" };
        var after = new Argument<string>("AFTER") { Description = "another image, or another place in the same" };
        var format = new Option<string>("--format") { Description = "text, table with sizes, json or a template such as {{.path}}", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        var command = new Command("diff", "list what is other in one image than in another") { before, after, format };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var (old, now) = (kleene.Images.Find(context.Get(before)).Snapshot, kleene.Images.Find(context.Get(after)).Snapshot);
            var changes = old == now ? [] : await kleene.Snapshots.Store.CompareAsync(old, now, shown: null, cancellationToken);
            var form = context.Get(format) ?? "text";
            if (form == "text")
            {
                // Docker's lines; nobody asks for sizes, so nobody looks for them.
                Columns.Print(context.Terminal.Output, [.. changes.Select(change => new Row(change, null, null))], "{{.kind}} {{.path}}", quiet: false);
                return ExitCodes.Done;
            }

            var rows = await MeasureAsync(kleene.Snapshots, old, now, changes, cancellationToken);
            Columns.Print(context.Terminal.Output, rows, form, quiet: false);
            if (form == "table")
            {
                context.Terminal.Output.WriteLine(Summary(rows));
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task<List<Row>> MeasureAsync(SnapshotCatalog snapshots, SnapshotId before, SnapshotId after, IReadOnlyList<TreeChange> changes, CancellationToken cancellationToken)
    {
        await using var oldTree = await snapshots.OpenAsync(before, cancellationToken);
        await using var newTree = await snapshots.OpenAsync(after, cancellationToken);
        using var oldRoot = RootedDirectory.Open(oldTree.Path);
        using var newRoot = RootedDirectory.Open(newTree.Path);
        return [.. changes.Select(change => new Row(
            change,
            change.Kind == TreeChangeKind.Added ? null : oldRoot.TryStat(change.Path, followLink: false),
            change.Kind == TreeChangeKind.Deleted ? null : newRoot.TryStat(change.Path, followLink: false)))];
    }

    private static string Summary(List<Row> rows)
    {
        var grown = rows.Sum(row => (row.After ?? 0) - (row.Before ?? 0));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Count(TreeChangeKind.Added)} added, {Count(TreeChangeKind.Changed)} changed, {Count(TreeChangeKind.Deleted)} deleted; {(grown < 0 ? "-" : "+")}{Sizes.Metric(Math.Abs(grown))} in files that are told, what was in deleted directories not counted");

        int Count(TreeChangeKind kind) => rows.Count(row => row.Change.Kind == kind);
    }

    private static string Size(long? bytes) => bytes is { } number ? Sizes.Metric(number) : "";

    private sealed class Row(TreeChange change, FileStatus? before, FileStatus? after)
    {
        public TreeChange Change => change;

        /// <summary>The size of a file; null for all else.</summary>
        public long? Before => before is { Kind: FileKind.Regular } status ? status.Size : null;

        public long? After => after is { Kind: FileKind.Regular } status ? status.Size : null;

        /// <summary>In what it is other.</summary>
        public IEnumerable<string> What
        {
            get
            {
                if (before is not { } old || after is not { } now)
                {
                    yield break;
                }

                if (old.Kind != now.Kind)
                {
                    yield return $"kind, {old.Kind} to {now.Kind}";
                    yield break;
                }

                if (now.Kind == FileKind.Directory ? change.IsOwn : old.Size != now.Size || old.Modified != now.Modified)
                {
                    yield return now.Kind == FileKind.Directory ? "attributes" : "content";
                }

                if (old.Permissions != now.Permissions)
                {
                    yield return $"mode, {Mode(old)} to {Mode(now)}";
                }

                if (old.Owner != now.Owner)
                {
                    yield return $"owner, {old.Owner.User}:{old.Owner.Group} to {now.Owner.User}:{now.Owner.Group}";
                }
            }
        }

        private static string Mode(in FileStatus status) => Convert.ToString((int)status.Permissions, 8).PadLeft(4, '0');
    }
}
