using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Archives;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene volume</c>: trees that outlive builds and containers, the caches of builds among them.</summary>
internal static class VolumeCommands
{
    private const string StandardStream = "-";

    private static readonly Listing<ShownVolume> Columns = new(
        new("id", row => row.Volume.Id.ToString()),
        new("name", row => row.Volume.Name),
        new("driver", row => row.Driver),
        new("created", row => Times.Text(row.Volume.Created)),
        new("labels", row => string.Join(' ', row.Volume.Labels.Select(label => $"{label.Key}={label.Value}")), (json, row) =>
        {
            json.WriteStartObject();
            foreach (var (name, value) in row.Volume.Labels)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }),
        new("containers", row => string.Join(' ', row.Containers), (json, row) => json.WriteStrings(row.Containers), InTable: false));

    /// <summary>Measuring looks at every file, so it is only done when asked for.</summary>
    private static readonly Listing<ShownVolume> Sizes = Columns.With(
        new Listing<ShownVolume>.Column("size", row => row.Size.ToString(CultureInfo.InvariantCulture), (json, row) => json.WriteNumberValue(row.Size)));

    private static readonly Listing<ShownVolume> Details = Columns.With(
        new Listing<ShownVolume>.Column("anonymous", _ => "", (json, row) => json.WriteBooleanValue(row.Volume.IsAnonymous)),
        new Listing<ShownVolume>.Column("mountpoint", row => row.Place));

    public static Command Create(string name, Verb verb)
    {
        var group = new Command(name);
        group.Subcommands.Add(Make(verb));
        group.Subcommands.Add(List(verb));
        group.Subcommands.Add(Inspect(verb));
        group.Subcommands.Add(Remove(verb));
        group.Subcommands.Add(Prune(verb));
        group.Subcommands.Add(Export(verb));
        group.Subcommands.Add(Import(verb));
        group.Subcommands.Add(Snapshot(verb));
        return group;
    }

    private static Command Make(Verb verb)
    {
        var name = new Argument<string>("NAME");
        var labels = Labels();
        var quota = new Option<string?>("--quota") { Description = "the most that it may hold, where the storage driver can see to that", HelpName = "SIZE" };
        var options = new TextsOption("--opt", "-o") { Description = "size=SIZE is the same as --quota", HelpName = "NAME=value" };
        var command = new Command("create", "make an empty volume") { name, labels, quota, options };
        verb.Does(command, async (context, cancellationToken) =>
        {
            var spec = new VolumeSpec
            {
                Name = context.Get(name),
                Labels = Read(context.Get(labels)),
                QuotaBytes = OptionValues.Bytes((context.Get(options) ?? []).Select(Size).LastOrDefault() ?? context.Get(quota), "--quota"),
            };
            using var kleene = await context.OpenAsync(cancellationToken);
            context.Terminal.Output.WriteLine((await kleene.Volumes.CreateAsync(spec, cancellationToken)).Name);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command List(Verb verb)
    {
        var (format, quiet) = ListOptions.Create();
        var size = new Option<bool>("--size", "-s") { Description = "measure them too" };
        var command = new Command("ls", "list volumes") { format, quiet, size };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var measures = context.Get(size) || (context.Get(format) ?? "").Contains(".size", StringComparison.OrdinalIgnoreCase);
            var rows = new List<ShownVolume>();
            foreach (var volume in kleene.VolumeRecords.List())
            {
                var row = ShownVolume.Of(volume, kleene);
                rows.Add(measures ? row with { Size = await kleene.Snapshots.Store.MeasureAsync(volume.Id, cancellationToken) } : row);
            }

            (measures ? Sizes : Columns).Print(context.Terminal.Output, rows, context.Get(format) ?? "table", context.Get(quiet));
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Inspect(Verb verb)
    {
        var references = References();
        var command = new Command("inspect", "show all that is known of volumes") { references };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var rows = new List<ShownVolume>();
            foreach (var volume in context.Get(references).Select(kleene.VolumeRecords.Find).ToList())
            {
                var tree = await kleene.Snapshots.Store.AttachAsync(volume.Id, cancellationToken);
                tree.Keep();
                rows.Add(ShownVolume.Of(volume, kleene) with { Place = tree.Path });
            }

            Details.Print(context.Terminal.Output, rows, "json", quiet: false);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Remove(Verb verb)
    {
        var references = References();
        var command = new Command("rm", "remove volumes and their files") { references };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            foreach (var volume in context.Get(references).Select(kleene.VolumeRecords.Find).ToList())
            {
                await kleene.Volumes.RemoveAsync(volume, cancellationToken);
                context.Terminal.Output.WriteLine(volume.Name);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Prune(Verb verb)
    {
        var all = new Option<bool>("--all", "-a") { Description = "also those that are no caches of builds" };
        var command = new Command("prune", "remove the caches of builds that nobody is using") { all };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            await PruneAsync(kleene, context.Terminal.Output, volume => context.Get(all) || volume.IsBuildCache, cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    public static async Task PruneAsync(Composition kleene, TextWriter output, Func<Volume, bool> which, CancellationToken cancellationToken)
    {
        foreach (var volume in kleene.VolumeRecords.List().Where(which))
        {
            try
            {
                await kleene.Volumes.RemoveAsync(volume, cancellationToken);
                output.WriteLine(volume.Name);
            }
            catch (VolumeInUseException)
            {
                // What is in use is what prune leaves.
            }
        }
    }

    private static Command Export(Verb verb)
    {
        var reference = new Argument<string>("VOLUME");
        var output = new ArchiveOutput();
        var command = new Command("export", "pack a volume into a tar archive") { reference };
        output.AddTo(command);
        verb.Does(command, async (context, cancellationToken) =>
        {
            output.RefuseTerminal(context);
            using var kleene = await context.OpenAsync(cancellationToken);
            var volume = kleene.VolumeRecords.Find(context.Get(reference));
            using var lease = await kleene.Volumes.AcquireAsync(new VolumeSpec { Name = volume.Name }, VolumeSharing.Shared, waiting: null, cancellationToken);
            await output.WriteAsync(context, lease.Path, shown: null, cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Import(Verb verb)
    {
        var name = new Argument<string>("NAME") { Description = "of the volume, which is made" };
        var archive = new Argument<string>("FILE") { Description = "a tar archive, packed or not; '-' is the standard input", DefaultValueFactory = _ => StandardStream };
        var labels = Labels();
        var command = new Command("import", "make a volume from a tar archive") { name, archive, labels };
        verb.Does(command, async (context, cancellationToken) =>
        {
            var path = context.Get(archive);
            if (path != StandardStream && !File.Exists(path))
            {
                throw new UsageException($"there is no archive '{path}'");
            }

            var spec = new VolumeSpec
            {
                Name = context.Get(name),
                Labels = Read(context.Get(labels)),
                Fill = async (tree, token) =>
                {
                    var result = await new ArchiveExtractor(ExtractionLimits.Default).ExtractAsync(path == StandardStream ? Console.OpenStandardInput() : File.OpenRead(path), tree, token);
                    if (result.XattrsLost > 0)
                    {
                        context.Terminal.Error.WriteLine($"warning: {result.XattrsLost} extended attributes were lost, which the file system of the store does not have");
                    }
                },
            };
            using var kleene = await context.OpenAsync(cancellationToken);
            context.Terminal.Output.WriteLine((await kleene.Volumes.CreateAsync(spec, cancellationToken)).Name);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Snapshot(Verb verb)
    {
        var reference = new Argument<string>("VOLUME");
        var name = new Argument<string>("NAME") { Description = "of the copy" };
        var command = new Command("snapshot", "keep what a volume holds now as a volume of its own") { reference, name };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var copy = await kleene.Volumes.CopyAsync(kleene.VolumeRecords.Find(context.Get(reference)), context.Get(name), cancellationToken);
            context.Terminal.Output.WriteLine(copy.Name);
            return ExitCodes.Done;
        });
        return command;
    }

    private static string Size(string text) =>
        OptionValues.Pair(text, "--opt") is ("size", { } size) ? size : throw new UsageException($"--opt '{text}' is not an option of volumes; there is size=SIZE");

    private static Option<string[]> Labels() => new("--label") { Description = "a label", HelpName = "NAME=value" };

    private static ImmutableSortedDictionary<string, string> Read(string[]? labels) =>
        (labels ?? []).Select(label => OptionValues.Pair(label, "--label"))
            .ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value ?? "", StringComparer.Ordinal);

    private static Argument<string[]> References() =>
        new("VOLUME") { Description = "a name or the beginning of an id", Arity = ArgumentArity.OneOrMore };

    private sealed record ShownVolume(Volume Volume, string Driver, IReadOnlyList<string> Containers)
    {
        public long Size { get; init; }

        /// <summary>Where its files are on the host.</summary>
        public string Place { get; init; } = "";

        public static ShownVolume Of(Volume volume, Composition kleene) => new(
            volume,
            kleene.Snapshots.Store.Driver,
            [.. kleene.Containers.List().Where(container => container.Spec.Mounts.Any(mount => mount.Volume == volume.Name)).Select(container => container.Name)]);
    }
}
