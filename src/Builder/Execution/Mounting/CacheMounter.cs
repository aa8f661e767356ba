using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Builder.Execution.Mounting;

/// <summary>Lends a command the volumes of its cache mounts, as their sharing says.</summary>
internal sealed class CacheMounter(VolumeLifecycle volumes, MountTrees trees)
{
    public async Task MountAsync(
        IEnumerable<RunMount.Cache> caches, Func<RunMount, MountSource> sourceOf, StepMounts mounts, IOutputSink output, CancellationToken cancellationToken)
    {
        // In the order of their names: two commands that want the same two never wait for each other. Two mounts may be one volume.
        var wanted = caches
            .Select(mount => (Mount: mount, Source: mount.From is null ? null : sourceOf(mount)))
            .Select(cache => (cache.Mount, cache.Source, Origin: cache.Source is null ? "" : $"{cache.Source.Key}\0{cache.Mount.Source}"))
            .GroupBy(cache => CacheVolumes.SpecOf(cache.Mount, cache.Origin, 1).Name, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal);
        foreach (var group in wanted)
        {
            var (first, source, origin) = group.First();
            var sharing = group.Max(cache => cache.Mount.Sharing);
            var lease = await AcquireAsync(sharing, ordinal => SpecOf(first, source, origin, ordinal), output, cancellationToken);
            mounts.Hold(lease);
            volumes.Label(lease.Volume, CacheVolumes.SpecOf(first, origin, 1).Labels);
            mounts.Mounts.AddRange(group.Select(cache => new JailMount(PathOf(lease, cache.Mount), cache.Mount.Target, cache.Mount.IsReadOnly)));
        }
    }

    private VolumeSpec SpecOf(RunMount.Cache mount, MountSource? source, string origin, int ordinal)
    {
        var spec = CacheVolumes.SpecOf(mount, origin, ordinal);
        return source is null ? spec : spec with { Fill = (path, token) => FillAsync(mount, source, path, token) };
    }

    private async Task<VolumeLease> AcquireAsync(CacheSharing sharing, Func<int, VolumeSpec> specOf, IOutputSink output, CancellationToken cancellationToken)
    {
        if (sharing != CacheSharing.Private)
        {
            var how = sharing == CacheSharing.Locked ? VolumeSharing.Alone : VolumeSharing.Shared;
            return await volumes.AcquireAsync(specOf(1), how, volume => output.WriteLine(OutputKind.Error, $"waiting for the cache '{volume.Name}', which another command has"), cancellationToken);
        }

        for (var ordinal = 1; ; ordinal++)
        {
            if (await volumes.TryAcquireAloneAsync(specOf(ordinal), cancellationToken) is { } lease)
            {
                return lease;
            }
        }
    }

    private async Task FillAsync(RunMount.Cache mount, MountSource source, string path, CancellationToken cancellationToken)
    {
        var tree = await trees.ShareAsync(source, cancellationToken);
        await VolumeLifecycle.CopyTreeAsync(MountTrees.Find(tree, source, mount.Source), path, cancellationToken);
        if (mount.Access != MountAccess.Unsaid)
        {
            using var root = RootedDirectory.Open(path);
            root.SetRoot(mount.Access.Mode ?? PermissionBits.Directory, new FileOwner(mount.Access.User ?? 0, mount.Access.Group ?? 0));
        }
    }

    /// <summary>The volume, or a directory in it.</summary>
    private static string PathOf(VolumeLease lease, RunMount.Cache mount)
    {
        if (mount.From is not null || mount.Source == ".")
        {
            return lease.Path;
        }

        using var root = RootedDirectory.Open(lease.Path);
        root.CreateDirectories(mount.Source, mount.Access.Mode ?? PermissionBits.Directory, new FileOwner(mount.Access.User ?? 0, mount.Access.Group ?? 0));
        return Path.Join(lease.Path, root.RealPath(mount.Source).ToString());
    }
}
