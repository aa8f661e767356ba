using System.Collections.Immutable;
using System.Globalization;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Volumes;

/// <summary>
/// Makes, lends and removes volumes. A volume is a tree of the storage driver that nothing was committed from: a directory, a
/// subvolume or a data set of its own.
/// </summary>
public sealed class VolumeLifecycle(
    VolumeStore volumes, ContainerStore containers, SnapshotCatalog snapshots, IJailDriver jails, Database database, StateDirectory state, TimeProvider clock)
{
    /// <summary>Null when there is none of that name.</summary>
    public Volume? TryFind(string name) => volumes.TryFind(name);

    /// <exception cref="KleeneException">The name is taken or is not a name.</exception>
    public async Task<Volume> CreateAsync(VolumeSpec spec, CancellationToken cancellationToken)
    {
        if (volumes.TryFind(VolumeStore.Checked(spec.Name)) is null && await TryCreateAsync(spec, cancellationToken) is { } created)
        {
            return created;
        }

        throw new KleeneException($"the volume name '{spec.Name}' is taken; remove that volume with 'kleene volume rm {spec.Name}', or choose another name");
    }

    /// <summary>Lends a volume, which is made when there is none of that name; waits for whoever has it alone.</summary>
    /// <param name="waiting">Told once when somebody has it.</param>
    public async Task<VolumeLease> AcquireAsync(VolumeSpec spec, VolumeSharing sharing, Action<Volume>? waiting, CancellationToken cancellationToken)
    {
        while (true)
        {
            var volume = await FindOrCreateAsync(spec, cancellationToken);
            var held = FileLock.TryTake(LockOf(volume), sharing == VolumeSharing.Shared);
            if (held is null)
            {
                waiting?.Invoke(volume);
                waiting = null;
                held = await FileLock.TakeAsync(LockOf(volume), cancellationToken, sharing == VolumeSharing.Shared);

                // Who had it may have been killed, and its jail not: that would still write.
                await snapshots.SweepAsync((id, token) => jails.RemoveAsync(id.ToString(), token), cancellationToken);
            }

            if (await LendAsync(volume, held, cancellationToken) is { } lease)
            {
                return lease;
            }
        }
    }

    /// <summary>Lends a volume to share, with its first files put into it as long as it has none.</summary>
    public async Task<VolumeLease> AcquireFilledAsync(VolumeSpec spec, CancellationToken cancellationToken)
    {
        var lease = await AcquireAsync(spec, VolumeSharing.Shared, waiting: null, cancellationToken);
        if (spec.Fill is not { } fill || Directory.EnumerateFileSystemEntries(lease.Path).Any())
        {
            return lease;
        }

        // Somebody who has it meanwhile may be about to write to it: then it stays as it is.
        lease.Dispose();
        using (var alone = await TryAcquireAloneAsync(spec, cancellationToken))
        {
            if (alone is not null && !Directory.EnumerateFileSystemEntries(alone.Path).Any())
            {
                await fill(alone.Path, cancellationToken);
            }
        }

        return await AcquireAsync(spec, VolumeSharing.Shared, waiting: null, cancellationToken);
    }

    /// <summary>Lends a volume for nobody else's use; null when somebody has it.</summary>
    public async Task<VolumeLease?> TryAcquireAloneAsync(VolumeSpec spec, CancellationToken cancellationToken)
    {
        while (true)
        {
            var volume = await FindOrCreateAsync(spec, cancellationToken);
            if (FileLock.TryTake(LockOf(volume)) is not { } held)
            {
                return null;
            }

            if (await LendAsync(volume, held, cancellationToken) is { } lease)
            {
                return lease;
            }
        }
    }

    /// <summary>Gives a volume the labels that it lacks.</summary>
    public void Label(Volume volume, ImmutableSortedDictionary<string, string> labels)
    {
        if (labels.Any(label => volume.Labels.GetValueOrDefault(label.Key) != label.Value))
        {
            volumes.Label(volume, labels);
        }
    }

    /// <summary>Removes a volume and its files.</summary>
    /// <exception cref="VolumeInUseException">A build step or a container has it, or a container that is stopped will want it again.</exception>
    public Task RemoveAsync(Volume volume, CancellationToken cancellationToken) => RemoveAsync(volume, owner: null, cancellationToken);

    /// <param name="owner">A container that is about to go itself, and so does not count as one that has the volume.</param>
    internal async Task RemoveAsync(Volume volume, SnapshotId? owner, CancellationToken cancellationToken)
    {
        using (var held = FileLock.TryTake(LockOf(volume)))
        {
            if (UserOf(volume, owner, held is null) is { } user)
            {
                throw new VolumeInUseException(volume.Name, user);
            }

            var announced = database.Transact(() =>
            {
                var removed = volumes.Remove(volume.Id);
                if (removed)
                {
                    snapshots.Announce(volume.Id, null);
                }

                return removed;
            });
            if (announced)
            {
                await snapshots.Store.RemoveAsync(volume.Id, cancellationToken);
                snapshots.Forget(volume.Id);
            }
        }

        File.Delete(LockOf(volume));
    }

    /// <summary>A volume of its own with what is in another one now. Blocks are shared where the file system can.</summary>
    /// <exception cref="KleeneException">The name is taken or is not a name.</exception>
    public async Task<Volume> CopyAsync(Volume source, string name, CancellationToken cancellationToken)
    {
        using var lease = await AcquireAsync(new VolumeSpec { Name = source.Name }, VolumeSharing.Shared, waiting: null, cancellationToken);
        return await CreateAsync(new VolumeSpec { Name = name, Labels = source.Labels, Fill = (path, token) => CopyTreeAsync(lease.Path, path, token) }, cancellationToken);
    }

    /// <summary>Copies a whole tree, its root's own owner, mode and time included.</summary>
    public static Task CopyTreeAsync(string source, string target, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            using var from = RootedDirectory.Open(source);
            using var to = RootedDirectory.Open(target);
            new TreeCopier(from, to, owner: null, cancellationToken).CopyTree(UnixPath.Empty, UnixPath.Empty);
        },
        cancellationToken);

    private async Task<Volume> FindOrCreateAsync(VolumeSpec spec, CancellationToken cancellationToken)
    {
        while (true)
        {
            if ((volumes.TryFind(spec.Name) ?? await TryCreateAsync(spec, cancellationToken)) is { } volume)
            {
                return volume;
            }
        }
    }

    /// <summary>Null when another command was faster.</summary>
    private async Task<Volume?> TryCreateAsync(VolumeSpec spec, CancellationToken cancellationToken)
    {
        _ = VolumeStore.Checked(spec.Name);
        await using var draft = await snapshots.DraftAsync(null, WorkspaceUse.Container, cancellationToken);
        using (var root = RootedDirectory.Open(draft.Path))
        {
            root.SetRoot(spec.Permissions, spec.Owner);
        }

        var labels = spec.Labels;
        if (spec.QuotaBytes is { } quota)
        {
            await LimitAsync(draft.Id, quota, cancellationToken);
            labels = labels.SetItem(VolumeLabels.Quota, quota.ToString(CultureInfo.InvariantCulture));
        }

        if (spec.Fill is { } fill)
        {
            await fill(draft.Path, cancellationToken);
        }

        var volume = new Volume { Id = draft.Id, Name = spec.Name, Labels = labels, Created = clock.GetUtcNow() };
        var added = database.Transact(() =>
        {
            var isNew = volumes.TryAdd(volume);
            if (isNew)
            {
                draft.Keep();
            }

            return isNew;
        });
        return added ? volume : null;
    }

    /// <exception cref="KleeneException">The driver cannot, and why.</exception>
    private Task LimitAsync(SnapshotId id, long bytes, CancellationToken cancellationToken) =>
        snapshots.Store is IQuotaKeeper keeper
            ? keeper.LimitAsync(id, bytes, cancellationToken)
            : throw new KleeneException($"the storage driver '{snapshots.Store.Driver}' cannot limit what a volume holds: "
                + (snapshots.Store.Driver == "btrfs"
                    ? "quota groups make every snapshot of the file system ten times dearer"
                    : "the file system below it counts for users and projects, not for directories")
                + "; leave the size out, or use zfs");

    /// <summary>Null when the volume was removed before it was ours.</summary>
    private async Task<VolumeLease?> LendAsync(Volume volume, FileLock held, CancellationToken cancellationToken)
    {
        try
        {
            if (volumes.Has(volume.Id))
            {
                var workspace = await snapshots.Store.AttachAsync(volume.Id, cancellationToken);
                workspace.Keep();
                return new VolumeLease(volume, workspace.Path, held);
            }
        }
        catch
        {
            held.Dispose();
            throw;
        }

        held.Dispose();
        return null;
    }

    /// <summary>The volumes that a container has, running or not.</summary>
    public IReadOnlySet<SnapshotId> ListUsed()
    {
        var names = containers.List().SelectMany(container => container.Spec.Mounts).Select(mount => mount.Volume).ToHashSet(StringComparer.Ordinal);
        return volumes.List().Where(volume => names.Contains(volume.Name)).Select(volume => volume.Id).ToHashSet();
    }

    private string? UserOf(Volume volume, SnapshotId? owner, bool isLocked) =>
        containers.List().FirstOrDefault(container => container.Id != owner && container.Spec.Mounts.Any(mount => mount.Volume == volume.Name)) is { } container
            ? $"container '{container.Name}' has it; remove that first with 'kleene rm {container.Name}'"
            : isLocked ? "a build or another command works with it; wait until that has ended" : null;

    /// <summary>Kept beside the trees and not in them: no jail can reach it.</summary>
    private string LockOf(Volume volume)
    {
        Directory.CreateDirectory(state.Volumes);
        return Path.Join(state.Volumes, $"{volume.Id}.lock");
    }
}
