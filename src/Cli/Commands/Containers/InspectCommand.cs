using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Networks;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene inspect</c>: all that is known of containers.</summary>
internal static class InspectCommand
{
    /// <param name="Container">The container.</param>
    /// <param name="Endpoints">The networks that it is on, each with its name.</param>
    /// <param name="Ports">What it publishes now.</param>
    private sealed record Row(Container Container, IReadOnlyList<(string Network, Endpoint Endpoint)> Endpoints, IReadOnlyList<PortPublication> Ports);

    private static readonly Listing<Row> Details = new(
        new("id", row => row.Container.Id.ToString()),
        new("name", row => row.Container.Name),
        new("image", row => row.Container.ImageId),
        new("snapshot", row => $"@{row.Container.Snapshot}"),
        new("state", row => ContainerText.State(row.Container)),
        new("status", row => ContainerText.Status(row.Container)),
        new("running", row => ContainerText.State(row.Container), (json, row) => json.WriteBooleanValue(row.Container.State == ContainerState.Running)),
        new("exitCode", row => row.Container.ExitCode?.ToString(CultureInfo.InvariantCulture) ?? "", (json, row) => json.WriteOptional(row.Container.ExitCode)),
        new("oomKilled", row => row.Container.OutOfMemory ? "true" : "false", (json, row) => json.WriteBooleanValue(row.Container.OutOfMemory)),
        new("health", row => row.Container.Health?.Status.ToString().ToLowerInvariant() ?? "", (json, row) => WriteHealth(json, row.Container)),
        new("restartPolicy", row => row.Container.Spec.Restart.ToString()),
        new("restarts", row => row.Container.Restarts.ToString(CultureInfo.InvariantCulture), (json, row) => json.WriteNumberValue(row.Container.Restarts)),
        new("command", row => string.Join(' ', row.Container.Spec.Argv), (json, row) => json.WriteStrings(row.Container.Spec.Argv)),
        new("env", row => string.Join(' ', row.Container.Spec.Environment), (json, row) => json.WriteStrings(row.Container.Spec.Environment)),
        new("user", row => row.Container.Spec.User),
        new("userns", row => row.Container.Spec.Users is { } users ? $"{users.First}:{users.Count}" : "host", WriteUsers),
        new("workdir", row => row.Container.Spec.WorkingDirectory),
        new("network", row => row.Container.Spec.Network.Driver.ToString().ToLowerInvariant()),
        new("networks", row => string.Join(' ', row.Endpoints.Select(pair => pair.Network)), WriteNetworks),
        new("ports", row => string.Join(", ", row.Ports), (json, row) => json.WriteStrings(row.Ports.Select(port => port.ToString()))),
        new("mounts", row => string.Join(' ', row.Container.Spec.Mounts.Select(mount => mount.Destination)), WriteMounts),
        new("labels", row => OptionValues.Text(row.Container.Spec.Labels), (json, row) => json.WritePairs(row.Container.Spec.Labels)),
        new("stopSignal", row => row.Container.Spec.StopSignal),
        new("persist", row => row.Container.Spec.IsPersistent ? "true" : "false", (json, row) => json.WriteBooleanValue(row.Container.Spec.IsPersistent)),
        new("created", row => Times.Text(row.Container.Created)),
        new("started", row => Times.Text(row.Container.Started)),
        new("finished", row => Times.Text(row.Container.Finished)));

    public static Command Create(string name, Verb verb)
    {
        var references = ContainerArgument.Several();
        var format = new Option<string>("--format", "-f") { Description = "json or a template such as {{.state}}", HelpName = "FORMAT", DefaultValueFactory = _ => "json" };
        var command = new Command(name) { references, format };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            Details.Print(context.Terminal.Output, [.. context.Get(references).Select(reference => RowOf(kleene, kleene.Containers.Find(reference)))], context.Get(format) ?? "json", quiet: false);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Row RowOf(Composition kleene, Container container) => new(
        container,
        [.. kleene.NetworkRecords.EndpointsOf(container.Id).Select(endpoint => (kleene.NetworkRecords.TryGet(endpoint.NetworkId)?.Name ?? "", endpoint))],
        kleene.Stacks.PortsOf(container.Id));

    private static void WriteNetworks(Utf8JsonWriter json, Row row)
    {
        json.WriteStartArray();
        foreach (var (network, endpoint) in row.Endpoints)
        {
            json.WriteStartObject();
            json.WriteString("network", network);
            json.WriteString("address", endpoint.Address?.ToString() ?? "");
            json.WriteString("address6", endpoint.Address6?.ToString() ?? "");
            json.WritePropertyName("aliases");
            json.WriteStrings(endpoint.Aliases);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteUsers(Utf8JsonWriter json, Row row)
    {
        if (row.Container.Spec.Users is not { } users)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteNumber("first", users.First);
        json.WriteNumber("count", users.Count);
        json.WriteEndObject();
    }

    private static void WriteMounts(Utf8JsonWriter json, Row row)
    {
        json.WriteStartArray();
        foreach (var mount in row.Container.Spec.Mounts)
        {
            json.WriteStartObject();
            json.WriteString("type", mount.IsMemory ? "tmpfs" : mount.Volume.Length > 0 ? "volume" : "bind");
            json.WriteString("source", mount.Volume.Length > 0 ? mount.Volume : mount.Source);
            json.WriteString("destination", mount.Destination);
            json.WriteBoolean("readOnly", mount.ReadOnly);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteHealth(Utf8JsonWriter json, Container container)
    {
        if (container.Health is not { } health)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteString("status", health.Status.ToString().ToLowerInvariant());
        json.WriteNumber("failingStreak", health.FailingStreak);
        json.WriteStartArray("log");
        foreach (var probe in health.Log)
        {
            json.WriteStartObject();
            json.WriteString("start", Times.Text(probe.Start));
            json.WriteString("end", Times.Text(probe.End));
            json.WriteNumber("exitCode", probe.ExitCode);
            json.WriteString("output", probe.Output);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
