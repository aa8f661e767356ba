using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Storage.Btrfs;

/// <summary>What can be done with subvolumes, by ioctl. A subvolume is named by its path in a directory.</summary>
internal static class Subvolume
{
    public static void Create(RootedDirectory root, UnixPath path)
    {
        var arguments = default(NativeMethods.VolumeArguments);
        path.Name.Terminated.CopyTo(arguments.Name);
        using var parent = Open(root, path.Parent);
        Check(NativeMethods.ioctl(parent, NativeMethods.BTRFS_IOC_SUBVOL_CREATE, ref arguments), "create subvolume", path);
    }

    /// <summary>A writable snapshot of a subvolume. A subvolume nested in it is an empty directory there.</summary>
    public static void Clone(RootedDirectory root, UnixPath source, UnixPath path)
    {
        using var from = Open(root, source);
        var arguments = new NativeMethods.SnapshotArguments { Descriptor = from.DangerousGetHandle() };
        path.Name.Terminated.CopyTo(arguments.Name);
        using var parent = Open(root, path.Parent);
        Check(NativeMethods.ioctl(parent, NativeMethods.BTRFS_IOC_SNAP_CREATE_V2, ref arguments), "snapshot subvolume", source);
    }

    public static bool IsReadOnly(RootedDirectory root, UnixPath path)
    {
        using var subvolume = Open(root, path);
        var flags = 0UL;
        Check(NativeMethods.ioctl(subvolume, NativeMethods.BTRFS_IOC_SUBVOL_GETFLAGS, ref flags), "read flags of subvolume", path);
        return (flags & NativeMethods.BTRFS_SUBVOL_RDONLY) != 0;
    }

    public static void SetReadOnly(RootedDirectory root, UnixPath path, bool value)
    {
        using var subvolume = Open(root, path);
        var flags = value ? NativeMethods.BTRFS_SUBVOL_RDONLY : 0;
        Check(NativeMethods.ioctl(subvolume, NativeMethods.BTRFS_IOC_SUBVOL_SETFLAGS, ref flags), "set flags of subvolume", path);
    }

    /// <summary>Removes a subvolume and those nested in it, in use or not. Gone already: succeeds.</summary>
    public static void Destroy(RootedDirectory root, UnixPath path, CancellationToken cancellationToken)
    {
        if (TryDestroy(root, path))
        {
            return;
        }

        // Nothing can be removed from one that is read-only.
        var all = Nested(root, path, cancellationToken).Append(path).ToList();
        all.ForEach(subvolume => SetReadOnly(root, subvolume, false));
        if (all.Find(subvolume => !TryDestroy(root, subvolume)) is { IsEmpty: false } kept)
        {
            throw new FileOperationException("delete subvolume", kept, Errno.ENOTEMPTY);
        }
    }

    /// <summary>
    /// Turns nested subvolumes into plain directories, because a snapshot would have nothing of what is in them.
    /// Whether there are any is one question to the kernel; only then is the tree searched.
    /// </summary>
    public static void AbsorbNested(RootedDirectory root, UnixPath path, CancellationToken cancellationToken)
    {
        if (HasNested(root, path))
        {
            Nested(root, path, cancellationToken).ForEach(nested => Absorb(root, nested, cancellationToken));
        }
    }

    /// <summary>Gives a fresh clone what its source has in nested subvolumes, as plain directories: the clone has an empty place for each.</summary>
    public static void FillNested(RootedDirectory root, UnixPath source, UnixPath clone, CancellationToken cancellationToken)
    {
        if (!HasNested(root, source))
        {
            return;
        }

        // The outermost first: copying one takes along those below it.
        var done = new List<UnixPath>();
        foreach (var nested in Enumerable.Reverse(Nested(root, source, cancellationToken)).Where(path => !done.Exists(outer => path.Bytes.StartsWith(outer.Append("x"u8).Bytes[..^1]))))
        {
            var place = clone.Append(nested.Bytes[(source.Bytes.Length + 1)..]);
            var before = root.Stat(place.Parent, followLink: false);
            root.Remove(place);
            root.CreateDirectory(place, PermissionBits.PrivateDirectory, FileOwner.Root);
            new TreeCopier(root, root, owner: null, cancellationToken).CopyTree(nested, place);
            root.SetModified(place.Parent, before.Modified);
            done.Add(nested);
        }
    }

    private static void Absorb(RootedDirectory root, UnixPath path, CancellationToken cancellationToken)
    {
        var before = root.Stat(path.Parent, followLink: false);
        var copy = path.Parent / $".kleene-{Guid.NewGuid():N}";
        root.CreateDirectory(copy, PermissionBits.PrivateDirectory, FileOwner.Root);
        new TreeCopier(root, root, owner: null, cancellationToken).CopyTree(path, copy);
        Destroy(root, path, cancellationToken);
        root.Rename(copy, path);
        root.SetModified(path.Parent, before.Modified);
    }

    /// <summary>True also on kernels that cannot tell (before 4.18).</summary>
    private static bool HasNested(RootedDirectory root, UnixPath path)
    {
        using var subvolume = Open(root, path);
        var references = default(NativeMethods.RootReferences);
        return NativeMethods.ioctl(subvolume, NativeMethods.BTRFS_IOC_GET_SUBVOL_ROOTREF, ref references) != 0 || references.Count > 0;
    }

    /// <summary>The subvolumes in a subvolume, the innermost first.</summary>
    private static List<UnixPath> Nested(RootedDirectory root, UnixPath path, CancellationToken cancellationToken) =>
    [
        .. TreeEntries.Of(root, path, cancellationToken)
            .Where(entry => entry.Status is { IsDirectory: true, Inode: NativeMethods.RootInode })
            .Select(entry => entry.Path)
            .Reverse(),
    ];

    /// <summary>False when something is nested in it.</summary>
    private static bool TryDestroy(RootedDirectory root, UnixPath path)
    {
        var arguments = default(NativeMethods.VolumeArguments);
        path.Name.Terminated.CopyTo(arguments.Name);
        using var parent = Open(root, path.Parent);
        if (NativeMethods.ioctl(parent, NativeMethods.BTRFS_IOC_SNAP_DESTROY, ref arguments) == 0 || Errno.Last == Errno.ENOENT)
        {
            return true;
        }

        return Errno.Last == Errno.ENOTEMPTY ? false : throw FileOperationException.Last("delete subvolume", path);
    }

    private static SafeFileHandle Open(RootedDirectory root, UnixPath path) => root.OpenDirectory(path, LinkRule.Refuse);

    private static void Check(int result, string operation, UnixPath path)
    {
        if (result != 0)
        {
            throw FileOperationException.Last(operation, path);
        }
    }
}
