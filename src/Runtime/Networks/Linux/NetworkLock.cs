using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Networks.Linux;

/// <summary>
/// Lets one command of a store at a time change what is up: rules and bridges are shared by all. A lock on a file (flock(2)), which the kernel gives back
/// when the process ends.
/// </summary>
internal sealed class NetworkLock : IDisposable
{
    private const uint Private = 0x180;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    private readonly SafeFileHandle file;

    private NetworkLock(SafeFileHandle file) => this.file = file;

    /// <summary>Waits until it is ours.</summary>
    public static async Task<NetworkLock> TakeAsync(string path, CancellationToken cancellationToken)
    {
        // The framework would take a lock of its own as it opens the file, or fail.
        var descriptor = NativeMethods.open(path, NativeMethods.O_RDWR | NativeMethods.O_CREAT | NativeMethods.O_CLOEXEC, Private);
        var file = descriptor < 0 ? throw Errno.LastException($"open '{path}'") : new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            while (NativeMethods.flock(file, NativeMethods.LOCK_EX | NativeMethods.LOCK_NB) != 0)
            {
                if (Errno.Last != Errno.EAGAIN && Errno.Last != Errno.EINTR)
                {
                    throw Errno.LastException($"flock '{path}'");
                }

                await Task.Delay(Pause, cancellationToken);
            }

            return new NetworkLock(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => file.Dispose();
}
