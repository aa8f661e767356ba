using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Runtime.Containers;

/// <summary>The mounts of a container that starts, with its volumes found, made and held. Disposing of it gives them back.</summary>
internal sealed class ContainerMounts : IDisposable
{
    private readonly List<VolumeLease> leases = [];

    public ImmutableArray<JailMount> Mounts { get; private set; } = [];

    /// <summary>What says that its volumes are in use.</summary>
    public IEnumerable<SafeHandle> Held => leases.Select(lease => lease.Held.Handle);

    /// <param name="mounts">As they were asked for.</param>
    /// <param name="tree">The container's own tree on the host: what it has where a volume is mounted is what a new volume begins with.</param>
    public static async Task<ContainerMounts> OpenAsync(
        ImmutableArray<JailMount> mounts, string tree, VolumeLifecycle volumes, CancellationToken cancellationToken)
    {
        var opened = new ContainerMounts();
        try
        {
            var found = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var mount in mounts.Where(mount => mount.Volume.Length > 0).DistinctBy(mount => mount.Volume, StringComparer.Ordinal))
            {
                var spec = new VolumeSpec
                {
                    Name = mount.Volume,
                    Labels = mount.IsAnonymous ? VolumeSpec.NoLabels.Add(VolumeLabels.Anonymous, "true") : VolumeSpec.NoLabels,
                    Fill = mount.StartsEmpty ? null : (path, token) => FillAsync(tree, mount.Destination, path, token),
                };
                var lease = await volumes.AcquireFilledAsync(spec, cancellationToken);
                opened.leases.Add(lease);
                found.Add(mount.Volume, lease.Path);
            }

            opened.Mounts = [.. mounts.Select(mount => mount.Volume.Length == 0 ? mount : mount with { Source = found[mount.Volume], MapsOwners = true })];
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    public void Dispose() => leases.ForEach(lease => lease.Dispose());

    private static async Task FillAsync(string tree, string destination, string volume, CancellationToken cancellationToken)
    {
        UnixPath? real = null;
        using (var root = RootedDirectory.Open(tree))
        {
            if (root.TryStat(destination, followLink: true) is { IsDirectory: true })
            {
                real = root.RealPath(destination);
            }
        }

        if (real is { } source)
        {
            await VolumeLifecycle.CopyTreeAsync(Path.Join(tree, source.ToString()), volume, cancellationToken);
        }
    }
}
