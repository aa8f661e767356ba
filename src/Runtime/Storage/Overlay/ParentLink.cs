using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Storage.Overlay;

/// <summary>Who stands on whom: a child has a hard link to its parent's <c>lower</c>, and the parent counts the links.</summary>
internal static class ParentLink
{
    /// <summary>False when there is no such parent, or it is being removed.</summary>
    public static bool TryMake(RootedDirectory trees, OverlayTree child, OverlayTree parent)
    {
        try
        {
            trees.CreateHardLink(child.Relative(OverlayTree.ParentName), parent.Relative(OverlayTree.LowerName));
            return true;
        }
        catch (FileOperationException exception) when (exception.IsNotFound)
        {
            return false;
        }
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
        using var directory = RootedDirectory.TryOpen(Path.GetDirectoryName(lower)!); // The file stands in a tree's directory.
        if (directory?.TryStat(Path.GetFileName(lower), followLink: false) is { LinkCount: > 1 })
        {
            throw new SnapshotInUseException(id, "other trees stand on it");
        }
    }
}
