using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Tracing;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.State;

/// <summary>
/// A lock on a file, by which processes of ours know of each other (flock(2)). It belongs to the open file: a program that
/// inherits that keeps the lock after us, and the kernel gives it back when the last of them ends, however it ends.
/// </summary>
public sealed partial class FileLock : IDisposable
{
    private const int Shared = 1;
    private const int Exclusive = 2;
    private const int NonBlocking = 4;
    private const uint Private = 0x180;
    private const int StackBytes = 64 * 1024;

    private FileLock(SafeFileHandle handle) => Handle = handle;

    /// <summary>For a program that is to keep the lock.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Null when somebody has the lock in a way that excludes ours. The file is made when it is not there.</summary>
    public static FileLock? TryTake(string path, bool shared = false)
    {
        var handle = Open(path);
        if (flock(handle, (shared ? Shared : Exclusive) | NonBlocking) == 0)
        {
            return new FileLock(handle);
        }

        var error = Errno.Last;
        handle.Dispose();
        return error == Errno.EAGAIN ? null : throw Errno.Exception(error, $"flock '{path}'");
    }

    /// <summary>Waits until the lock can be had.</summary>
    public static async Task<FileLock> TakeAsync(string path, CancellationToken cancellationToken, bool shared = false)
    {
        if (TryTake(path, shared) is { } free)
        {
            return free;
        }

        using var traced = Tracer.Begin("wait for a lock", path);

        // The call sleeps in the kernel, and so needs a thread that nobody misses. When the caller gives up, it gives the lock back at once.
        var taken = new TaskCompletionSource<FileLock>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => Wait(path, shared, taken), StackBytes) { IsBackground = true, Name = "lock" }.Start();
        try
        {
            return await taken.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            _ = taken.Task.ContinueWith(late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
    }

    public void Dispose() => Handle.Dispose();

    private static void Wait(string path, bool shared, TaskCompletionSource<FileLock> taken)
    {
        try
        {
            var handle = Open(path);
            while (flock(handle, shared ? Shared : Exclusive) != 0)
            {
                if (Errno.Last != Errno.EINTR)
                {
                    var error = Errno.LastException($"flock '{path}'");
                    handle.Dispose();
                    throw error;
                }
            }

            taken.SetResult(new FileLock(handle));
        }
        catch (Exception exception)
        {
            // Whatever it is belongs to the caller: an exception that leaves a thread ends the process.
            taken.SetException(exception);
        }
    }

    /// <summary>
    /// Not by the framework, which locks whatever it opens by the same call, and gives the lock back when we close the file although a
    /// child of ours still has it.
    /// </summary>
    private static SafeFileHandle Open(string path)
    {
        var handle = open(path, Abi.O_RDONLY | Abi.O_CREAT | Abi.O_CLOEXEC, Private);
        return handle.IsInvalid ? throw Errno.LastException($"open '{path}'") : handle;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(SafeFileHandle file, int operation);
}
