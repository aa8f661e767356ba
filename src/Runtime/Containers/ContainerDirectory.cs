using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Containers;

/// <summary>What a container has on the disk beside its tree: its log, the lock of those who change it and that of who looks after it.</summary>
internal sealed class ContainerDirectory
{
    private readonly string path;

    public ContainerDirectory(StateDirectory state, SnapshotId id) => path = Path.Join(state.Containers, id.ToString());

    public string Log => Path.Join(path, "log");

    /// <summary>Locked by those who look into its tree; see <see cref="ContainerTrees"/>. No jail can reach what is here.</summary>
    public string Lookers => Path.Join(path, "lookers");

    /// <summary>Locked for moments by those of them who come or go.</summary>
    public string Door => Path.Join(path, "door");

    /// <summary>What they made in the tree to mount on.</summary>
    public string MountPoints => Path.Join(path, "made");

    /// <summary>For whoever starts, ends or changes the container; others wait.</summary>
    public async Task<FileLock> LockAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Make();
            try
            {
                return await FileLock.TakeAsync(LockFile, cancellationToken);
            }
            catch (IOException exception) when (exception.HResult == Errno.ENOENT)
            {
                // Whoever has removed the container took the directory away in between.
            }
        }
    }

    /// <summary>Null when somebody has it.</summary>
    public FileLock? TryLock()
    {
        Make();
        try
        {
            return FileLock.TryTake(LockFile);
        }
        catch (IOException exception) when (exception.HResult == Errno.ENOENT)
        {
            // Somebody removes the container at this moment.
            return null;
        }
    }

    /// <summary>Says that a process is about to look after the container; its lock then tells whether it still does.</summary>
    public void BeginWatch() => File.WriteAllBytes(WatchFile, []);

    /// <summary>Whether that process is gone although nobody has told it to go.</summary>
    public bool IsWatchAbandoned()
    {
        if (!File.Exists(WatchFile))
        {
            return false;
        }

        using var free = FileLock.TryTake(WatchFile, shared: true);
        return free is not null;
    }

    /// <summary>For the process that looks after the container.</summary>
    public Task<FileLock> LockWatchAsync(CancellationToken cancellationToken) => FileLock.TakeAsync(WatchFile, cancellationToken);

    public void EndWatch() => File.Delete(WatchFile);

    public void Make() => Directory.CreateDirectory(path);

    /// <summary>Gone already: succeeds.</summary>
    public void Delete()
    {
        if (!Directory.Exists(path))
        {
            return;
        }

        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (IOException exception) when (exception is DirectoryNotFoundException || exception.HResult == Errno.ENOTEMPTY)
        {
            // Another was faster; or has asked for the lock meanwhile, and deletes what he has made.
        }
    }

    private string WatchFile => Path.Join(path, "watch");

    private string LockFile => Path.Join(path, "lock");
}
