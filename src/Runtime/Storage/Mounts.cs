using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Storage;

/// <summary>What drivers do with mounts, whatever is mounted.</summary>
internal static class Mounts
{
    /// <summary>
    /// How long a mount may stay busy. Nothing of ours is in it any more when it is unmounted, but something that looks around
    /// (a file indexer, a process listing) may be for a moment.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Whether a directory is a mount point: its file system is another than its parent's. Not for bind mounts.</summary>
    public static bool IsMounted(string path)
    {
        using var directory = RootedDirectory.TryOpen(path);
        if (directory is null)
        {
            return false;
        }

        return FileCalls.TryStat(directory.Handle, out var inside) && FileCalls.TryStat(directory.Handle, "..\0"u8, out var outside)
            ? inside.Device != outside.Device
            : throw FileOperationException.Last("find", path);
    }

    /// <summary>
    /// Sees to it that mounts below a directory, and their end, reach the namespaces that have a copy of it.
    /// The directory becomes a mount itself where need be.
    /// </summary>
    public static void MakeShared(string path)
    {
        var entry = MountEntry.Containing(path);
        if (entry is { IsShared: true })
        {
            return;
        }

        if ((entry?.MountPoint != path && NativeMethods.mount(path, path, null, NativeMethods.MS_BIND, null) != 0)
            || NativeMethods.mount(null, path, null, NativeMethods.MS_SHARED, null) != 0)
        {
            throw Errno.LastException($"make '{path}' a shared mount");
        }
    }

    /// <summary>
    /// Unmounts what is mounted at a path; nothing there: succeeds. Never detaches lazily (MNT_DETACH): whoever keeps such a mount busy
    /// could go on writing into a tree that counts as frozen.
    /// </summary>
    /// <exception cref="SnapshotInUseException">Something is still running in it.</exception>
    public static async Task UnmountAsync(SnapshotId id, string path, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        var pause = TimeSpan.FromMilliseconds(1);
        while (NativeMethods.umount2(path, flags: 0) != 0)
        {
            var errno = Errno.Last;
            if (errno is Errno.EINVAL or Errno.ENOENT)
            {
                return;
            }

            if (errno != Errno.EBUSY)
            {
                throw Errno.Exception(errno, $"unmount '{path}'");
            }

            if (TimeProvider.System.GetElapsedTime(started) > Patience)
            {
                throw new SnapshotInUseException(id, $"something is still running in '{path}', or is mounted there");
            }

            await Task.Delay(pause, cancellationToken);
            pause = TimeSpan.FromMilliseconds(Math.Min(pause.TotalMilliseconds * 2, 100));
        }
    }
}
