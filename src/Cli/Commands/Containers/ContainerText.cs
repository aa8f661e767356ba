using System.Globalization;
using Kleene.Build.Runtime.Containers;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>Words about containers that several commands use.</summary>
internal static class ContainerText
{
    public static string State(Container container) => container.State.ToString().ToLowerInvariant();

    /// <summary><c>running (healthy)</c>, <c>exited (3)</c>, <c>exited (137, out of memory)</c>.</summary>
    public static string Status(Container container) => container switch
    {
        { State: ContainerState.Running, Health: { } health } => $"running ({health.Status.ToString().ToLowerInvariant()})",
        { State: ContainerState.Exited or ContainerState.Restarting, ExitCode: { } code } =>
            $"{State(container)} ({code.ToString(CultureInfo.InvariantCulture)}{(container.OutOfMemory ? ", out of memory" : "")})",
        _ => State(container),
    };
}
