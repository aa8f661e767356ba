using System.CommandLine;
using System.Text.Json;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Containers;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene inspect</c>: all that is known of containers.</summary>
internal static class InspectCommand
{
    private static readonly Listing<Container> Details = new(
        new("id", container => container.Id.ToString()),
        new("name", container => container.Name),
        new("image", container => container.ImageId),
        new("snapshot", container => $"@{container.Snapshot}"),
        new("state", ContainerText.State),
        new("status", ContainerText.Status),
        new("running", ContainerText.State, (json, container) => json.WriteBooleanValue(container.State == ContainerState.Running)),
        new("exitCode", _ => "", (json, container) => json.WriteOptional(container.ExitCode)),
        new("oomKilled", _ => "", (json, container) => json.WriteBooleanValue(container.OutOfMemory)),
        new("health", _ => "", WriteHealth),
        new("restartPolicy", container => container.Spec.Restart.ToString()),
        new("restarts", _ => "", (json, container) => json.WriteNumberValue(container.Restarts)),
        new("command", container => string.Join(' ', container.Spec.Argv), (json, container) => json.WriteStrings(container.Spec.Argv)),
        new("env", _ => "", (json, container) => json.WriteStrings(container.Spec.Environment)),
        new("user", container => container.Spec.User),
        new("workdir", container => container.Spec.WorkingDirectory),
        new("network", container => container.Spec.Network.Driver.ToString().ToLowerInvariant()),
        new("labels", _ => "", (json, container) => json.WritePairs(container.Spec.Labels)),
        new("stopSignal", container => container.Spec.StopSignal),
        new("persist", _ => "", (json, container) => json.WriteBooleanValue(container.Spec.IsPersistent)),
        new("created", container => Times.Text(container.Created)),
        new("started", container => Times.Text(container.Started)),
        new("finished", container => Times.Text(container.Finished)));

    public static Command Create(string name, Verb verb)
    {
        var references = ContainerArgument.Several();
        var format = new Option<string>("--format", "-f") { Description = "json or a template such as {{.state}}", HelpName = "FORMAT", DefaultValueFactory = _ => "json" };
        var command = new Command(name) { references, format };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            Details.Print(context.Terminal.Output, [.. context.Get(references).Select(kleene.Containers.Find)], context.Get(format) ?? "json", quiet: false);
            return ExitCodes.Done;
        });
        return command;
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
