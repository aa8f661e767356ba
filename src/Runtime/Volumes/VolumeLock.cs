using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Volumes;

/// <summary>How a volume is to be used while others may want it too.</summary>
public enum VolumeSharing
{
    /// <summary>With all others that share it.</summary>
    Shared,

    /// <summary>Alone; others wait, and so do we.</summary>
    Alone,
}

/// <summary>
/// Says to all processes that a volume is in use, by a lock on a file (flock(2)). The kernel gives it back when the process ends,
/// however it ends: after a crash nothing has to be repaired.
/// </summary>
internal static class VolumeLock
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until the volume can be had.</summary>
    public static async Task<FileStream> TakeAsync(string path, VolumeSharing sharing, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTake(path, sharing) is { } held)
            {
                return held;
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>Null when somebody has it in a way that excludes ours. The framework locks by flock(2): shared for reading, alone for nobody else.</summary>
    public static FileStream? TryTake(string path, VolumeSharing sharing)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.Read, sharing == VolumeSharing.Shared ? FileShare.Read : FileShare.None);
        }
        catch (IOException exception) when (exception.HResult == Errno.EAGAIN)
        {
            return null;
        }
    }
}
