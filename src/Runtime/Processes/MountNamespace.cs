using System.Collections.Immutable;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Processes;

/// <summary>Mount namespaces of our own (mount_namespaces(7)), for a process or for a moment. Linux only.</summary>
internal static class MountNamespace
{
    /// <summary>
    /// Starts a process that does not see some mount points, and otherwise all that we see, later mounts of ours included.
    /// </summary>
    /// <param name="spawn">Makes nothing but system calls; returns the number of the process.</param>
    public static int Without(ImmutableArray<string> mountPoints, Func<int> spawn) => OwnThread.Run(() =>
    {
        Enter();
        foreach (var mountPoint in mountPoints)
        {
            if (NativeMethods.umount2(mountPoint, NativeMethods.MNT_DETACH) != 0 && Errno.Last != Errno.EINVAL)
            {
                throw Errno.LastException($"umount '{mountPoint}'");
            }
        }

        return spawn();
    });

    /// <summary>The calling thread, which is an <see cref="OwnThread"/>, sees from now on what it mounts alone, and still all that is mounted elsewhere.</summary>
    public static unsafe void Enter()
    {
        if (NativeMethods.unshare(NativeMethods.CLONE_NEWNS) != 0)
        {
            throw Errno.LastException("unshare(CLONE_NEWNS)");
        }

        if (NativeMethods.mount(null, "/", null, NativeMethods.MS_REC | NativeMethods.MS_SLAVE, null) != 0)
        {
            throw Errno.LastException("mount --make-rslave /");
        }
    }
}
