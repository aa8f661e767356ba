using System.Collections.Immutable;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks;

/// <summary>Sees to it that a port of the host leads to one place. Works inside the caller's transaction.</summary>
internal sealed class PortBook(StackStore stacks, INetworkDriver driver)
{
    /// <summary>Takes the ports for a container that starts.</summary>
    /// <exception cref="NetworkException">Somebody has one; it is said who.</exception>
    public void Take(SnapshotId stack, ImmutableArray<PortPublication> ports)
    {
        foreach (var port in ports)
        {
            var taken = stacks.Ports();
            var wanted = port.HostPort > 0 ? port : Free(port, taken);
            if (taken.FirstOrDefault(other => other.Port.Overlaps(wanted)) is { Port: not null } other)
            {
                throw new NetworkException(
                    other.Stack == stack
                        ? $"'{wanted}' and '{other.Port}' publish the same port of the host"
                        : $"'{wanted}' cannot be published: container '{stacks.NameOf(other.Stack)}' has '{other.Port}'; stop that one, or choose another port with --publish");
            }

            if (driver.ListenerAt(wanted) is { } listener)
            {
                throw new NetworkException($"'{wanted}' cannot be published: {listener}; end that, or choose another port with --publish");
            }

            stacks.Add(stack, wanted);
        }
    }

    private PortPublication Free(PortPublication port, IReadOnlyList<(SnapshotId Stack, PortPublication Port)> taken)
    {
        while (true)
        {
            var wanted = port with { HostPort = driver.FreePort(port) };
            if (!taken.Any(other => other.Port.Overlaps(wanted)))
            {
                return wanted;
            }
        }
    }
}
