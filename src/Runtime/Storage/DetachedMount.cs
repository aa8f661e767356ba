using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Users;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Storage;

/// <summary>Mounts that are nowhere yet, and go when their handle is closed: a crash leaves none behind.</summary>
internal static class DetachedMount
{
    /// <summary>A second mount of a directory, of that alone and not of what is mounted in it.</summary>
    public static SafeFileHandle Clone(string path)
    {
        var descriptor = NativeMethods.open_tree(
            NativeMethods.SYS_open_tree, Abi.AT_FDCWD, ((UnixPath)path).Terminated, NativeMethods.OPEN_TREE_CLONE | NativeMethods.O_CLOEXEC);
        return descriptor < 0 ? throw Errno.LastException($"open_tree '{path}'") : new SafeFileHandle((nint)descriptor, ownsHandle: true);
    }

    /// <summary>One that shows its owners as a range has them: on the disk they stay what they are in the container. Linux 5.12.</summary>
    /// <exception cref="KleeneException">The kernel or the file system cannot do that.</exception>
    public static SafeFileHandle Clone(string path, UserNamespace users)
    {
        var mount = Clone(path);
        var attributes = new NativeMethods.MountAttributes { Set = NativeMethods.MOUNT_ATTR_IDMAP, UserNamespace = (ulong)users.Handle.DangerousGetHandle() };
        if (NativeMethods.mount_setattr(NativeMethods.SYS_mount_setattr, mount, "\0"u8, Abi.AT_EMPTY_PATH, ref attributes, NativeMethods.MountAttributes.Size) == 0)
        {
            return mount;
        }

        var reason = Errno.Last == Errno.EINVAL ? "its file system cannot" : Errno.LastException("mount_setattr").Message;
        mount.Dispose();
        throw new KleeneException(
            $"'{path}' cannot be shown with owners of a container's own: {reason}; ext4, xfs and btrfs can, since Linux 5.19. Leave '--userns=auto' out, or keep Kleene's files elsewhere");
    }

    /// <summary>Takes whatever is mounted at a path out of the tree, in use or not; nothing there: succeeds.</summary>
    public static void Detach(string path)
    {
        while (NativeMethods.umount2(path, NativeMethods.MNT_DETACH) == 0)
        {
        }

        if (Errno.Last is not (Errno.EINVAL or Errno.ENOENT))
        {
            throw Errno.LastException($"unmount '{path}'");
        }
    }

    /// <summary>Mounts it on a directory.</summary>
    public static void Attach(SafeFileHandle mount, string target)
    {
        if (NativeMethods.move_mount(NativeMethods.SYS_move_mount, mount, "\0"u8, Abi.AT_FDCWD, ((UnixPath)target).Terminated, NativeMethods.MOVE_MOUNT_F_EMPTY_PATH) != 0)
        {
            throw Errno.LastException($"move_mount '{target}'");
        }
    }
}
