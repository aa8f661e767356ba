using System.CommandLine;
using System.Globalization;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene image</c>: what there is, how it was made, what it is called.</summary>
internal static class ImageCommands
{
    private static readonly Listing<NamedImage> Columns = new(
        new("id", row => row.Image.Id),
        new("name", row => row.Name),
        new("tag", row => row.Tag),
        new("snapshot", row => $"@{row.Image.Snapshot}"),
        new("created", row => Times.Text(row.Image.Created)),
        new("pinned", row => row.Image.IsPinned ? "yes" : "", (json, row) => json.WriteBooleanValue(row.Image.IsPinned)));

    private static readonly Listing<Image> Details = new(
        new("id", image => image.Id),
        new("names", image => string.Join(' ', image.Names), (json, image) => json.WriteStrings(image.Names)),
        new("snapshot", image => $"@{image.Snapshot}"),
        new("key", image => image.Key),
        new("created", image => Times.Text(image.Created)),
        new("pinned", image => image.IsPinned ? "yes" : "", (json, image) => json.WriteBooleanValue(image.IsPinned)),
        new("config", image => image.Config.ToJson(), (json, image) => json.WriteRawValue(image.Config.ToJson())),
        new("steps", _ => "", (json, image) =>
        {
            json.WriteStartArray();
            foreach (var (step, i) in image.Steps.Select((step, i) => (step, i)))
            {
                json.WriteStartObject();
                json.WriteNumber("index", i + 1);
                json.WriteString("text", step.Text);
                json.WriteString("state", step.State.ToString().ToLowerInvariant());
                json.WriteString("snapshot", SnapshotText(step.Snapshot));
                json.WriteString("key", step.Key);
                json.WriteNumber("duration_ms", (long)step.Duration.TotalMilliseconds);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }));

    private static readonly Listing<(int Index, ImageStep Step)> History = new(
        new("snapshot", row => SnapshotText(row.Step.Snapshot)),
        new("index", row => row.Index.ToString(CultureInfo.InvariantCulture), (json, row) => json.WriteNumberValue(row.Index)),
        new("state", row => row.Step.State.ToString().ToLowerInvariant()),
        new("seconds", row => row.Step.Duration.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture)),
        new("text", row => row.Step.Text));

    public static Command Create(string name, Verb verb)
    {
        var group = new Command(name);
        group.Subcommands.Add(ImageCreateCommand.Create(verb));
        group.Subcommands.Add(List(verb));
        group.Subcommands.Add(Inspect(verb));
        group.Subcommands.Add(ShowHistory(verb));
        group.Subcommands.Add(ImageDiffCommand.Create(verb));
        group.Subcommands.Add(Tag(verb));
        group.Subcommands.Add(Pin(verb, "pin", "keep images: neither 'prune' nor a full store removes them", isPinned: true));
        group.Subcommands.Add(Pin(verb, "unpin", "keep images no longer than others", isPinned: false));
        group.Subcommands.Add(Export(verb));
        group.Subcommands.Add(Remove(verb));
        group.Subcommands.Add(Prune(verb));
        return group;
    }

    private static Command List(Verb verb)
    {
        var (format, quiet) = ListOptions.Create();
        var command = new Command("ls", "list images") { format, quiet };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var rows = kleene.Images.List().SelectMany(NamedImage.Of).ToList();
            Columns.Print(context.Terminal.Output, context.Get(quiet) ? [.. rows.DistinctBy(row => row.Image.Id)] : rows, context.Get(format) ?? "table", context.Get(quiet));
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Inspect(Verb verb)
    {
        var references = References();
        var command = new Command("inspect", "show all that is known of images") { references };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var images = context.Get(references).Select(reference => kleene.Images.WithSteps(kleene.Images.Find(reference).Image)).ToList();
            Details.Print(context.Terminal.Output, images, "json", quiet: false);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command ShowHistory(Verb verb)
    {
        var reference = new Argument<string>("IMAGE");
        var (format, quiet) = ListOptions.Create();
        var command = new Command("history", "show the steps of an image and the snapshot after each") { reference, format, quiet };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var steps = kleene.Images.WithSteps(kleene.Images.Find(context.Get(reference)).Image).Steps;
            History.Print(context.Terminal.Output, [.. steps.Select((step, i) => (i + 1, step))], context.Get(format) ?? "table", context.Get(quiet));
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Tag(Verb verb)
    {
        var reference = new Argument<string>("IMAGE");
        var name = new Argument<string>("NAME[:TAG]");
        var command = new Command("tag", "give an image one more name") { reference, name };
        verb.Does(command, async (context, cancellationToken) =>
        {
            var more = OptionValues.ImageName(context.Get(name));
            _ = Whole(context.Get(reference));
            using var kleene = await context.OpenAsync(cancellationToken);
            kleene.Images.Tag(kleene.Images.Find(context.Get(reference)).Image.Id, more);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Pin(Verb verb, string name, string description, bool isPinned)
    {
        var references = References();
        var command = new Command(name, description) { references };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);

            // All or none: one that is not there changes nothing.
            var images = context.Get(references).Select(reference => kleene.Images.Find(Whole(reference).ToString()).Image).ToList();
            foreach (var image in images)
            {
                kleene.Images.Pin(image.Id, isPinned);
                context.Terminal.Output.WriteLine(image.DisplayName);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Export(Verb verb)
    {
        var reference = new Argument<string>("IMAGE");
        var output = new ArchiveOutput();
        var command = new Command("export", "pack the files of an image into a tar archive") { reference };
        output.AddTo(command);
        verb.Does(command, async (context, cancellationToken) =>
        {
            output.RefuseTerminal(context);
            using var kleene = await context.OpenAsync(cancellationToken);
            await using var view = await kleene.Snapshots.OpenAsync(kleene.Images.Find(context.Get(reference)).Snapshot, cancellationToken);
            await output.WriteAsync(context, view.Path, shown: null, cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Remove(Verb verb)
    {
        var references = References();
        var force = new Option<bool>("--force", "-f") { Description = "also images that are pinned" };
        var command = new Command("rm", "remove names, and images that have no other") { references, force };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            foreach (var reference in context.Get(references))
            {
                var name = Whole(reference);
                var image = kleene.Images.Find(reference).Image;
                var byName = image.Names.Contains(name.ToString());
                if (byName && image.Names.Length > 1)
                {
                    kleene.Images.Untag(name);
                    context.Terminal.Output.WriteLine(name);
                }
                else
                {
                    await RemoveAsync(kleene, image, context.Get(force), context.Terminal.Output, cancellationToken);
                }
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Prune(Verb verb)
    {
        var all = new Option<bool>("--all", "-a") { Description = "also images with a name that no container uses" };
        var command = new Command("prune", "remove images without a name and the snapshots that nothing needs") { all };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            await PruneAsync(kleene, context.Terminal.Output, context.Get(all), cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    public static async Task PruneAsync(Composition kleene, TextWriter output, bool all, CancellationToken cancellationToken)
    {
        foreach (var image in kleene.Images.List().Where(image => (all || image.Names.IsEmpty) && !image.IsPinned && !kleene.Images.IsUsed(image)).ToList())
        {
            await RemoveAsync(kleene, image, evenPinned: false, output, cancellationToken);
        }

        foreach (var snapshot in await kleene.Snapshots.RemoveUnusedAsync(kleene.Snapshots.Leaves(), cancellationToken))
        {
            output.WriteLine($"@{snapshot}");
        }
    }

    private static async Task RemoveAsync(Composition kleene, Image image, bool evenPinned, TextWriter output, CancellationToken cancellationToken)
    {
        await kleene.Snapshots.RemoveUnusedAsync(kleene.Images.Remove(image, evenPinned), cancellationToken);
        output.WriteLine(image.Id);
    }

    /// <summary>Names and images are given and taken away as a whole, not at one of their steps.</summary>
    private static ImageReference Whole(string reference) =>
        ImageReference.Parse(reference) is { Snapshot: null } name ? name : throw new UsageException($"'{reference}' is a place in an image; leave out what follows '@'");

    private static Argument<string[]> References() =>
        new("IMAGE") { Description = "name[:tag] or the beginning of an id", Arity = ArgumentArity.OneOrMore };

    private static string SnapshotText(SnapshotId? snapshot) => snapshot is { } id ? $"@{id}" : "";

    /// <summary>An image has a row for each of its names, and one when it has none.</summary>
    private sealed record NamedImage(Image Image, string Name, string Tag)
    {
        public static IEnumerable<NamedImage> Of(Image image) =>
            image.Names.IsEmpty
                ? [new NamedImage(image, "", "")]
                : image.Names.Select(ImageReference.Parse).Select(name => new NamedImage(image, name.Name, name.Tag));
    }
}
