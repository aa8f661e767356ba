using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage.Btrfs;
using Kleene.Build.Runtime.Storage.Overlay;
using Kleene.Build.Runtime.Storage.Zfs;

namespace Kleene.Build.Runtime.Storage;

/// <summary>The storage driver in use, and why.</summary>
/// <param name="Reason">A sentence for <c>kleene system info</c>: <c>overlay: '/var/lib/kleene' lies on ext4</c>.</param>
public sealed record StorageChoice(ISnapshotStore Store, string Reason)
{
    /// <param name="request"><c>auto</c>, <c>zfs</c>, <c>zfs:POOL/DATASET</c>, <c>btrfs</c> or <c>overlay</c>.</param>
    /// <param name="root">The state directory, an absolute path; made when missing.</param>
    /// <param name="isFreeBsd">Whether the kernel is FreeBSD's.</param>
    /// <exception cref="StorageUnavailableException">The driver cannot work here.</exception>
    public static Task<StorageChoice> MakeAsync(string request, string root, bool isFreeBsd, IProcessRunner runner, CancellationToken cancellationToken) =>
        new StorageProbe(runner, isFreeBsd).ChooseAsync(StorageRequest.Parse(request), root, cancellationToken);
}

/// <summary>
/// Chooses the storage driver by what the state directory lies on. It is asked at every start, so it costs one statfs(2),
/// the mount table when that says ZFS or FUSE, and a process only when a dataset is used for the first time.
/// </summary>
/// <param name="isFreeBsd">FreeBSD has only ZFS, and no Linux system calls.</param>
public sealed class StorageProbe(IProcessRunner runner, bool isFreeBsd)
{
    /// <param name="root">The state directory, an absolute path; made when missing.
    /// Each driver keeps its trees in a directory of its own in it.</param>
    /// <exception cref="StorageUnavailableException">The driver cannot work here.</exception>
    public async Task<StorageChoice> ChooseAsync(StorageRequest request, string root, CancellationToken cancellationToken)
    {
        MakeWritable(request.Driver ?? "auto", root);
        if (isFreeBsd && request.Driver is BtrfsSnapshotStore.DriverName or OverlaySnapshotStore.DriverName)
        {
            throw new StorageUnavailableException(request.Driver, "it is Linux's; this system has ZFS, which '--storage zfs:POOL/DATASET' names a dataset for");
        }

        if (request.Driver == ZfsSnapshotStore.DriverName || isFreeBsd || (request.Driver is null && ZfsSetup.IsConfigured(root) && OtherTrees(root) is null))
        {
            return await ZfsAsync(request, root, cancellationToken);
        }

        var type = FileSystemType(root);
        return request.Driver switch
        {
            BtrfsSnapshotStore.DriverName => Btrfs(root, type, "it was asked for"),
            OverlaySnapshotStore.DriverName => Overlay(root, type, "it was asked for"),
            _ when type == "btrfs" => Btrfs(root, type, $"'{root}' lies on btrfs"),
            _ when type is "zfs" or ZfsSetup.FuseType => await ZfsAsync(request, root, cancellationToken),
            _ => Overlay(root, type, $"'{root}' lies on {type}"),
        };
    }

    /// <summary>Makes a dataset for the trees of a state directory, which has none yet, and remembers it: <c>auto</c> takes it from then on.</summary>
    /// <param name="root">An absolute path; made when missing.</param>
    /// <exception cref="StorageUnavailableException">There is no such pool, or the directory has trees elsewhere.</exception>
    public async Task<StorageChoice> InitializeAsync(DatasetName dataset, string root, CancellationToken cancellationToken)
    {
        MakeWritable(ZfsSnapshotStore.DriverName, root);
        if (OtherTrees(root) is { } driver)
        {
            throw new StorageUnavailableException(ZfsSnapshotStore.DriverName, $"'{root}' has trees of the driver {driver}, which would be lost to it; choose another state directory with --root");
        }

        await new ZfsSetup(runner, root, isFreeBsd).MakeAsync(dataset);
        return await ZfsAsync(new StorageRequest(ZfsSnapshotStore.DriverName, dataset), root, cancellationToken);
    }

    /// <summary>Another driver that has kept trees in a state directory.</summary>
    private static string? OtherTrees(string root) =>
        new[] { OverlaySnapshotStore.DriverName, BtrfsSnapshotStore.DriverName }.FirstOrDefault(driver => Path.Join(root, driver) is var trees && Directory.Exists(trees) && Directory.EnumerateFileSystemEntries(trees).Any());

    private static StorageChoice Btrfs(string root, string type, string because)
    {
        const string Driver = BtrfsSnapshotStore.DriverName;
        if (type != "btrfs")
        {
            throw new StorageUnavailableException(Driver, $"'{root}' lies on {type}; move it with --root to a btrfs file system");
        }

        return Environment.IsPrivilegedProcess
            ? new StorageChoice(new BtrfsSnapshotStore(Path.Join(root, Driver)), $"{Driver}: {because}")
            : throw new StorageUnavailableException(Driver, "it takes root to delete subvolumes; run the command as root");
    }

    private static StorageChoice Overlay(string root, string type, string because)
    {
        const string Driver = OverlaySnapshotStore.DriverName;
        if (OverlayMounter.WhyUnavailable() is { } missing)
        {
            throw new StorageUnavailableException(Driver, missing);
        }

        // These cannot hold an upper directory: they lack whiteouts, trusted attributes or d_type (overlayfs.rst).
        return type is "overlay" or "fuse" or ZfsSetup.FuseType or "nfs"
            ? throw new StorageUnavailableException(
                Driver, $"'{root}' lies on {type}, which overlayfs cannot write on; move it with --root, for example to ext4, xfs or tmpfs")
            : new StorageChoice(new OverlaySnapshotStore(Path.Join(root, Driver)), $"{Driver}: {because}");
    }

    private async Task<StorageChoice> ZfsAsync(StorageRequest request, string root, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var datasets = new ZfsSetup(runner, root, isFreeBsd);
        var dataset = request.Dataset is { } named ? await datasets.UseAsync(named) : await datasets.UseBelowRootAsync();
        var because = request.Dataset is null ? $"'{root}' has its trees in the dataset '{dataset}'" : $"dataset '{dataset}' is configured";
        return new StorageChoice(new ZfsSnapshotStore(runner, dataset, datasets.MountRoot, isFreeBsd), $"{ZfsSnapshotStore.DriverName}: {because}");
    }

    private static void MakeWritable(string driver, string root)
    {
        try
        {
            Directory.CreateDirectory(root);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageUnavailableException(driver, $"'{root}' cannot be made: {e.Message}", e);
        }

        const int WriteAccess = 2; // W_OK, access(2)
        if (NativeMethods.access(root, WriteAccess) != 0)
        {
            var why = Errno.Last == Errno.EROFS
                ? "is on a read-only file system; choose another with --root"
                : "cannot be written to; run the command as root or choose another with --root";
            throw new StorageUnavailableException(driver, $"'{root}' {why}");
        }
    }

    /// <summary>The name of the file system, for choosing and for messages.</summary>
    private static string FileSystemType(string root)
    {
        if (NativeMethods.statfs(root, out var status) != 0)
        {
            throw Errno.LastException($"statfs '{root}'");
        }

        return status.Type switch
        {
            NativeMethods.BTRFS_SUPER_MAGIC => "btrfs",
            NativeMethods.ZFS_SUPER_MAGIC => "zfs",
            NativeMethods.FUSE_SUPER_MAGIC => MountEntry.Containing(root)?.Type == ZfsSetup.FuseType ? ZfsSetup.FuseType : "fuse",
            NativeMethods.OVERLAYFS_SUPER_MAGIC => "overlay",
            NativeMethods.NFS_SUPER_MAGIC => "nfs",
            NativeMethods.EXT_SUPER_MAGIC => "ext4",
            NativeMethods.XFS_SUPER_MAGIC => "xfs",
            NativeMethods.TMPFS_MAGIC => "tmpfs",
            var other => $"a file system of type 0x{other:x}",
        };
    }
}
