using Kleene.Build.Runtime.Native;
using Calls = Kleene.Build.Runtime.Storage.NativeMethods;

namespace Kleene.Build.Runtime.Storage.Btrfs;

/// <summary>What can be done with subvolumes, by ioctl. A subvolume is named by the directory it stands in and its name there.</summary>
internal static class Subvolume
{
    public static void Create(OpenDirectory parent, ReadOnlySpan<byte> name)
    {
        var arguments = default(NativeMethods.VolumeArguments);
        name.CopyTo(arguments.Name);
        Check(NativeMethods.ioctl(parent.Handle, NativeMethods.BTRFS_IOC_SUBVOL_CREATE, ref arguments), "create subvolume", parent, name);
    }

    /// <summary>A writable snapshot of a subvolume. A subvolume nested in it is an empty directory there.</summary>
    public static void Clone(OpenDirectory source, OpenDirectory parent, ReadOnlySpan<byte> name)
    {
        var arguments = new NativeMethods.SnapshotArguments { Descriptor = source.Descriptor };
        name.CopyTo(arguments.Name);
        Check(NativeMethods.ioctl(parent.Handle, NativeMethods.BTRFS_IOC_SNAP_CREATE_V2, ref arguments), "snapshot subvolume", parent, name);
    }

    public static bool IsReadOnly(OpenDirectory subvolume)
    {
        var flags = 0UL;
        Check(NativeMethods.ioctl(subvolume.Handle, NativeMethods.BTRFS_IOC_SUBVOL_GETFLAGS, ref flags), "read flags of subvolume", subvolume, []);
        return (flags & NativeMethods.BTRFS_SUBVOL_RDONLY) != 0;
    }

    public static void SetReadOnly(OpenDirectory subvolume, bool value)
    {
        var flags = value ? NativeMethods.BTRFS_SUBVOL_RDONLY : 0;
        Check(NativeMethods.ioctl(subvolume.Handle, NativeMethods.BTRFS_IOC_SUBVOL_SETFLAGS, ref flags), "set flags of subvolume", subvolume, []);
    }

    /// <summary>Removes a subvolume and those nested in it, in use or not. Gone already: succeeds.</summary>
    public static void Destroy(OpenDirectory parent, byte[] name, CancellationToken cancellationToken)
    {
        if (TryDestroy(parent, name))
        {
            return;
        }

        using (var subvolume = parent.OpenChild(name))
        {
            // Nothing can be removed from one that is read-only, nor what is nested in it.
            SetReadOnly(subvolume, false);
            ForEachNested(subvolume, (directory, nested) => Destroy(directory, nested, cancellationToken), cancellationToken);
        }

        if (!TryDestroy(parent, name))
        {
            throw Errno.Exception(Errno.ENOTEMPTY, $"delete subvolume '{parent.Show(name)}'");
        }
    }

    /// <summary>
    /// Turns nested subvolumes into plain directories, because a snapshot would have nothing of what is in them.
    /// Whether there are any is one question to the kernel; only then is the tree searched.
    /// </summary>
    public static void AbsorbNested(OpenDirectory subvolume, CancellationToken cancellationToken)
    {
        if (HasNested(subvolume))
        {
            ForEachNested(subvolume, (directory, name) => Absorb(directory, name, cancellationToken), cancellationToken);
        }
    }

    private static void Absorb(OpenDirectory parent, byte[] name, CancellationToken cancellationToken)
    {
        var before = parent.Stat();
        var copy = OpenDirectory.Name($".kleene-{Guid.NewGuid():N}");
        using (var nested = parent.OpenChild(name))
        {
            AbsorbNested(nested, cancellationToken);
            if (Calls.mkdirat(parent.Handle, copy, 0x1C0) != 0)
            {
                throw Errno.LastException($"mkdir '{parent.Show(copy)}'");
            }

            using var target = parent.OpenChild(copy);
            TreeCopier.Copy(nested, target, cancellationToken);
        }

        Destroy(parent, name, cancellationToken);
        if (Calls.renameat(parent.Handle, copy, parent.Handle, name) != 0)
        {
            throw Errno.LastException($"rename '{parent.Show(copy)}'");
        }

        TreeCopier.SetTimes(parent, ".\0"u8, before);
    }

    /// <summary>True also on kernels that cannot tell (before 4.18).</summary>
    private static bool HasNested(OpenDirectory subvolume)
    {
        var references = default(NativeMethods.RootReferences);
        return NativeMethods.ioctl(subvolume.Handle, NativeMethods.BTRFS_IOC_GET_SUBVOL_ROOTREF, ref references) != 0 || references.Count > 0;
    }

    private static void ForEachNested(OpenDirectory directory, Action<OpenDirectory, byte[]> action, CancellationToken cancellationToken)
    {
        foreach (var entry in directory.Entries().Where(entry => entry.MayBeDirectory))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var status = directory.Stat(entry.Name);
            if (status is { IsDirectory: true, Inode: NativeMethods.RootInode })
            {
                action(directory, entry.Name);
            }
            else if (status.IsDirectory)
            {
                using var child = directory.OpenChild(entry.Name);
                ForEachNested(child, action, cancellationToken);
            }
        }
    }

    /// <summary>False when something is nested in it.</summary>
    private static bool TryDestroy(OpenDirectory parent, ReadOnlySpan<byte> name)
    {
        var arguments = default(NativeMethods.VolumeArguments);
        name.CopyTo(arguments.Name);
        if (NativeMethods.ioctl(parent.Handle, NativeMethods.BTRFS_IOC_SNAP_DESTROY, ref arguments) == 0 || Errno.Last == Errno.ENOENT)
        {
            return true;
        }

        return Errno.Last == Errno.ENOTEMPTY ? false : throw Errno.LastException($"delete subvolume '{parent.Show(name)}'");
    }

    private static void Check(int result, string operation, OpenDirectory directory, ReadOnlySpan<byte> name)
    {
        if (result != 0)
        {
            throw Errno.LastException($"{operation} '{directory.Show(name)}'");
        }
    }
}
