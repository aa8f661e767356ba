using System.CommandLine;
using System.Globalization;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Networks;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene ps</c>: which containers there are.</summary>
internal static class ListCommand
{
    /// <param name="Container">The container.</param>
    /// <param name="Image">A name of its image, or the id of one that has none.</param>
    /// <param name="Ports">What it publishes now.</param>
    private sealed record Row(Container Container, string Image, IReadOnlyList<PortPublication> Ports);

    private static readonly Listing<Row> Columns = new(
        new("id", row => row.Container.Id.ToString()),
        new("name", row => row.Container.Name),
        new("image", row => row.Image),
        new("command", row => Shorten(string.Join(' ', row.Container.Argv))),
        new("state", row => ContainerText.State(row.Container), InTable: false),
        new("status", row => ContainerText.Status(row.Container)),
        new("exitCode", row => row.Container.ExitCode?.ToString(CultureInfo.InvariantCulture) ?? "", (json, row) => json.WriteOptional(row.Container.ExitCode), InTable: false),
        new("health", row => row.Container.Health?.Status.ToString().ToLowerInvariant() ?? "", InTable: false),
        new("restarts", row => row.Container.Restarts.ToString(CultureInfo.InvariantCulture), (json, row) => json.WriteNumberValue(row.Container.Restarts), InTable: false),
        new("labels", row => OptionValues.Text(row.Container.Spec.Labels), (json, row) => json.WritePairs(row.Container.Spec.Labels), InTable: false),
        new("created", row => Times.Text(row.Container.Created)),
        new("ports", row => string.Join(", ", row.Ports), (json, row) => json.WriteStrings(row.Ports.Select(port => port.ToString()))),
        new("started", row => Times.Text(row.Container.Started), InTable: false),
        new("finished", row => Times.Text(row.Container.Finished), InTable: false));

    public static Command Create(string name, Verb verb)
    {
        var all = new Option<bool>("--all", "-a") { Description = "also those that have ended" };
        var latest = new Option<bool>("--latest", "-l") { Description = "only the one that was made last" };
        var last = new Option<int?>("--last", "-n") { Description = "only the ones that were made last", HelpName = "N" };
        var filters = new TextsOption("--filter", "-f") { Description = "only those with name=, id=, status=, health=, ancestor=, exited= or label=", HelpName = "KEY=value" };
        var (format, quiet) = ListOptions.Create();
        var command = new Command(name) { all, latest, last, filters, format, quiet };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var count = context.Get(latest) ? 1 : context.Get(last);
            var filter = ContainerFilter.Parse(context.Get(filters) ?? []);
            var names = kleene.Images.DisplayNames();
            var ports = kleene.Stacks.Ports().ToLookup(pair => pair.Stack, pair => pair.Port);
            var containers = context.Get(all) || count is not null || filter.AsksForState ? kleene.Containers.List() : kleene.Containers.ListActive();
            var rows = containers
                .Select(container => new Row(container, names.GetValueOrDefault(container.ImageId, container.ImageId), [.. ports[container.Id]]))
                .Where(row => filter.Fits(row.Container, row.Image))
                .Take(count ?? int.MaxValue)
                .ToList();
            Columns.Print(context.Terminal.Output, rows, context.Get(format) ?? "table", context.Get(quiet));
            return ExitCodes.Done;
        });
        return command;
    }

    private static string Shorten(string text) => text.Length <= 30 ? text : text[..29] + "…";
}
