using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Processes;

/// <summary>Starts processes in a mount namespace of their own (mount_namespaces(7)). Linux only.</summary>
internal static class MountNamespace
{
    private const int StackBytes = 256 * 1024;

    /// <summary>
    /// Starts a process that does not see some mount points, and otherwise all that we see, later mounts of ours included.
    /// A thread passes its namespace and its working directory on to the threads that it starts, and the thread pool starts threads
    /// from wherever it is asked: so this is done on a thread that does nothing else and is gone when this returns.
    /// </summary>
    /// <param name="spawn">Makes nothing but system calls; returns the number of the process.</param>
    public static int Without(ImmutableArray<string> mountPoints, Func<int> spawn)
    {
        var pid = 0;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(Enter, StackBytes);
        thread.Start();
        thread.Join();
        failure?.Throw();
        return pid;

        void Enter()
        {
            try
            {
                Hide(mountPoints);
                pid = spawn();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        }
    }

    private static unsafe void Hide(ImmutableArray<string> mountPoints)
    {
        if (NativeMethods.unshare(NativeMethods.CLONE_NEWNS) != 0)
        {
            throw Errno.LastException("unshare(CLONE_NEWNS)");
        }

        if (NativeMethods.mount(null, "/", null, NativeMethods.MS_REC | NativeMethods.MS_SLAVE, null) != 0)
        {
            throw Errno.LastException("mount --make-rslave /");
        }

        foreach (var mountPoint in mountPoints)
        {
            if (NativeMethods.umount2(mountPoint, NativeMethods.MNT_DETACH) != 0 && Errno.Last != Errno.EINVAL)
            {
                throw Errno.LastException($"umount '{mountPoint}'");
            }
        }
    }
}
