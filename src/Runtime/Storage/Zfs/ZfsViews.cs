using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Storage.Zfs;

/// <summary>
/// Mounts frozen file systems read-only while somebody reads them.
/// There is no other way that zfs-fuse knows as well: it has no <c>.zfs</c> directory.
/// Readers in all processes share a lock; whoever leaves last, and so gets it alone, unmounts. A lock ends with its process.
/// </summary>
internal sealed class ZfsViews(ZfsTool zfs, string mountRoot)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    public async Task<SnapshotView> OpenAsync(string name, string path, CancellationToken cancellationToken)
    {
        var shared = await LockAsync(LockPath(path), cancellationToken);
        try
        {
            var failure = await zfs.TryRunAsync(name, path, "mount", "-o", "ro", name);
            if (failure is null or ZfsFailure.AlreadyMounted)
            {
                return new SnapshotView(path, () => ReleaseAsync(shared, name, path));
            }

            throw new KleeneException($"cannot mount '{name}': zfs says that it is {failure}");
        }
        catch
        {
            await shared.DisposeAsync();
            throw;
        }
    }

    /// <summary>For a tree that is gone.</summary>
    public void Forget(string path) => File.Delete(LockPath(path));

    private async ValueTask ReleaseAsync(FileStream shared, string name, string path)
    {
        await shared.DisposeAsync();
        using var alone = TryLock(LockPath(path), FileShare.None);
        if (alone is null)
        {
            return;
        }

        // Busy: somebody looks at it who does not hold our lock. Then it stays mounted, read-only, until the next reader leaves.
        await zfs.TryRunAsync(name, path, "unmount", name);
        if (Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any())
        {
            Directory.Delete(path);
        }
    }

    /// <summary>Waits for a reader that is just unmounting.</summary>
    private static async Task<FileStream> LockAsync(string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryLock(path, FileShare.Read) is { } file)
            {
                return file;
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>The framework locks by flock(2): shared for <see cref="FileShare.Read"/>, alone for <see cref="FileShare.None"/>.</summary>
    private static FileStream? TryLock(string path, FileShare share)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.Read, share);
        }
        catch (IOException e) when (e.HResult == Errno.EAGAIN) // EWOULDBLOCK, of which the framework makes a sharing violation.
        {
            return null;
        }
    }

    /// <summary>Made by the first reader, and kept: whoever deleted it while others open it would let them lock different files.</summary>
    private string LockPath(string path) => Path.Join(mountRoot, $".{Path.GetFileName(path)}.lock");
}
