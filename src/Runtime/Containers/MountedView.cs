using System.Collections.Immutable;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;
using Microsoft.Win32.SafeHandles;
using StorageNative = Kleene.Build.Runtime.Storage.NativeMethods;

namespace Kleene.Build.Runtime.Containers;

/// <summary>
/// A tree with other directories mounted in it, in a mount namespace that nobody else is in (mount_namespaces(7)): the kernel itself then
/// follows links into volumes, stops at the root, and refuses to write to what is read-only. It goes when its handles are closed, also when
/// the process is killed. Linux only.
/// </summary>
internal sealed class MountedView : IDisposable
{
    private readonly SafeFileHandle space;

    private MountedView(RootedDirectory root, SafeFileHandle space)
    {
        Root = root;
        this.space = space;
    }

    public RootedDirectory Root { get; }

    /// <param name="tree">The absolute path of the tree on the host.</param>
    /// <param name="isReadOnly">Whether the tree itself may be written to; mounts decide for themselves.</param>
    /// <param name="mounts">With their sources found. Those whose source or place is missing are left out.</param>
    public static MountedView Open(string tree, bool isReadOnly, ImmutableArray<JailMount> mounts) =>
        OwnThread.Run(() => Make(tree, isReadOnly, mounts));

    public void Dispose()
    {
        Root.Dispose();
        space.Dispose();
    }

    private static MountedView Make(string tree, bool isReadOnly, ImmutableArray<JailMount> mounts)
    {
        MountNamespace.Enter();
        Mount(tree, tree, null, StorageNative.MS_BIND, null);
        if (isReadOnly)
        {
            Mount(null, tree, null, StorageNative.MS_REMOUNT | StorageNative.MS_BIND | StorageNative.MS_RDONLY, null);
        }

        var root = RootedDirectory.Open(tree);
        try
        {
            foreach (var mount in mounts)
            {
                Mount(root, mount);
            }

            var space = StorageNative.open("/proc/thread-self/ns/mnt", StorageNative.O_CLOEXEC, 0);
            return space.IsInvalid ? throw Errno.LastException("open '/proc/thread-self/ns/mnt'") : new MountedView(root, space);
        }
        catch
        {
            root.Dispose();
            throw;
        }
    }

    private static void Mount(RootedDirectory root, JailMount mount)
    {
        if (root.TryStat(mount.Destination, followLink: true) is not { } status || status.IsDirectory != (mount.IsMemory || Directory.Exists(mount.Source)))
        {
            return;
        }

        using (var place = Open(root, mount.Destination, status.IsDirectory))
        {
            if (mount.IsMemory)
            {
                Mount("tmpfs", PathOf(place), "tmpfs", StorageNative.MS_RDONLY, "size=4k");
                return;
            }

            Mount(mount.Source, PathOf(place), null, StorageNative.MS_BIND | StorageNative.MS_REC, null);
        }

        if (mount.ReadOnly)
        {
            // Opened anew, because the first handle is of what is now covered.
            using var place = Open(root, mount.Destination, status.IsDirectory);
            Mount(null, PathOf(place), null, StorageNative.MS_REMOUNT | StorageNative.MS_BIND | StorageNative.MS_RDONLY, null);
        }
    }

    private static SafeFileHandle Open(RootedDirectory root, string path, bool isDirectory) => isDirectory ? root.OpenDirectory(path) : root.OpenRead(path);

    /// <summary>The way to what a handle is open on, whatever its name leads to by now (proc_pid_fd(5)).</summary>
    private static string PathOf(SafeFileHandle handle) => $"/proc/thread-self/fd/{handle.DangerousGetHandle()}";

    private static void Mount(string? source, string target, string? type, ulong flags, string? options) =>
        Check(StorageNative.mount(source, target, type, flags, options), $"mount '{source ?? target}'");

    private static void Check(int result, string operation)
    {
        if (result != 0)
        {
            throw Errno.LastException(operation);
        }
    }
}
