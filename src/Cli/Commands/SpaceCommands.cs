using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Kleene.Build.Cli.Commands.Containers;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene system df</c> and <c>prune</c>: what takes the space, and getting it back.</summary>
internal static class SpaceCommands
{
    private static readonly Listing<SpaceRow> Columns = new(
        new("type", row => Word(row.Use)),
        new("total", row => Counted(row) ? Text(row.Count) : "-", (json, row) => json.WriteNumberValue(row.Count)),
        new("active", row => Counted(row) ? Text(row.Active) : "-", (json, row) => json.WriteNumberValue(row.Active)),
        new("size", row => Sizes.Metric(row.Bytes), (json, row) => json.WriteNumberValue(row.Bytes)),
        new("reclaimable", row => Sizes.Metric(row.FreeableBytes), (json, row) => json.WriteNumberValue(row.FreeableBytes)));

    public static Command CreateUsage(Verb verb)
    {
        var (format, _) = ListOptions.Create();
        var command = new Command("df", "show what takes the space; the sizes add up to what the file system counts") { format };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var rows = await kleene.Space.MakeAsync(kleene.Volumes.ListUsed(), cancellationToken);
            Columns.Print(context.Terminal.Output, rows, context.Get(format) ?? "table", quiet: false);
            return ExitCodes.Done;
        });
        return command;
    }

    public static Command CreatePrune(Verb verb)
    {
        var all = new Option<bool>("--all", "-a") { Description = "also images with a name that no container uses, and the caches of builds" };
        var volumes = new Option<bool>("--volumes") { Description = "also volumes without a name that no container has" };
        var force = new Option<bool>("--force", "-f") { Description = "for scripts of other tools; nothing is asked here" };
        var command = new Command("prune", "remove containers that do not run, networks and snapshots that nobody needs, and images without a name") { all, volumes, force };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var output = context.Terminal.Output;

            // Containers first: they are what most of the rest is needed for. A volume with a name is somebody's data: it goes by 'volume prune' or 'volume rm' only.
            await PruneCommand.PruneAsync(kleene, output, cancellationToken);
            await NetworkCommands.PruneAsync(kleene, output, cancellationToken);
            await ImageCommands.PruneAsync(kleene, output, context.Get(all), cancellationToken);
            await VolumeCommands.PruneAsync(kleene, output, volume => volume.IsBuildCache ? context.Get(all) : context.Get(volumes) && volume.IsAnonymous, cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    private static bool Counted(SpaceRow row) => row.Use is not (SpaceUse.Shared or SpaceUse.Records);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Word(SpaceUse use) => use switch
    {
        SpaceUse.BuildCache => "build cache",
        var other => other.ToString().ToLowerInvariant(),
    };
}
