using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Storage.Overlay;

/// <summary>Who stands on whom: a child has a hard link to its parent's <c>lower</c>, and the parent counts the links.</summary>
internal static class ParentLink
{
    /// <summary>False when there is no such parent, or it is being removed.</summary>
    public static bool TryMake(OverlayTree child, OverlayTree parent)
    {
        using var from = OpenDirectory.TryOpen(parent.Directory);
        using var to = OpenDirectory.Open(child.Directory);
        if (from is null)
        {
            return false;
        }

        var (oldName, newName) = (OpenDirectory.Name(Path.GetFileName(parent.Lower)), OpenDirectory.Name(Path.GetFileName(child.Parent)));
        if (NativeMethods.linkat(from.Handle, oldName, to.Handle, newName, flags: 0) == 0)
        {
            return true;
        }

        return Errno.Last == Errno.ENOENT ? false : throw Errno.LastException($"link '{child.Parent}'");
    }

    /// <summary>
    /// Takes a tree out of use by renaming it. A child that found the tree a moment before has its link by then, or will find nothing to link to;
    /// so the links are counted once more, and a tree that turns out to be needed comes back.
    /// </summary>
    public static void Doom(OverlayTree tree)
    {
        try
        {
            Directory.Move(tree.Directory, tree.Doomed);
        }
        catch (DirectoryNotFoundException)
        {
            // Another process removes it too; both go on with what is left.
            return;
        }

        try
        {
            RefuseWhenStoodOn(tree.Id, Path.Join(tree.Doomed, Path.GetFileName(tree.Lower)));
        }
        catch (SnapshotInUseException)
        {
            Directory.Move(tree.Doomed, tree.Directory);
            throw;
        }
    }

    public static void RefuseWhenStoodOn(SnapshotId id, string lower)
    {
        using var directory = OpenDirectory.TryOpen(Path.GetDirectoryName(lower)!); // The file stands in a tree's directory.
        if (directory is not null && directory.TryStat(OpenDirectory.Name(Path.GetFileName(lower)), out var status) && status.Links > 1)
        {
            throw new SnapshotInUseException(id, "other trees stand on it");
        }
    }
}
