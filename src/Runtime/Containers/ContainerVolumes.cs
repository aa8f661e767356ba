using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Runtime.Containers;

/// <summary>The volumes that containers have, seen from the containers.</summary>
public sealed class ContainerVolumes(VolumeLifecycle volumes)
{
    /// <summary>
    /// Removes the volumes that only this container has and that nobody named: what <c>rm -v</c> does, and the end of a container with
    /// <c>--rm</c>. To be called while the container's record is still there: if this is interrupted, whoever removes the container next
    /// removes the rest. Volumes that somebody else has stay.
    /// </summary>
    /// <param name="container">Not running any more, and not started again.</param>
    /// <param name="cancellationToken">Leaves the rest to the next attempt.</param>
    public async Task RemoveAnonymousAsync(Container container, CancellationToken cancellationToken)
    {
        foreach (var name in container.Spec.Mounts.Where(mount => mount.IsAnonymous).Select(mount => mount.Volume).Distinct(StringComparer.Ordinal))
        {
            // One of that name may have been made by somebody since: a volume is anonymous by its own record, too.
            if (volumes.TryFind(name) is not { IsAnonymous: true } volume)
            {
                continue;
            }

            try
            {
                await volumes.RemoveAsync(volume, container.Id, cancellationToken);
            }
            catch (VolumeInUseException)
            {
                // Another container borrowed it (--volumes-from), and takes it over.
            }
        }
    }

    /// <summary>A name for a volume that was given none.</summary>
    public static string NewName() => Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16));
}
