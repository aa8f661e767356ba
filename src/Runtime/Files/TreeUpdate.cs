using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// Turns a tree into which an earlier state of files and directories was copied into what copying their present state into the tree below would have
/// given: same names, kinds, owners, modes, attributes, links and times. Only what is other is touched; a file is never written to in place.
/// </summary>
public sealed class TreeUpdate
{
    private readonly TreeDelta delta;
    private readonly IReadOnlyList<PlacedSource> sources;
    private readonly UnixPath directory;
    private readonly RootedDirectory? below;
    private readonly List<UnixPath> hidden;

    private TreeUpdate(TreeDelta delta, IReadOnlyList<PlacedSource> sources, UnixPath directory, RootedDirectory? below, List<UnixPath> hidden)
    {
        this.delta = delta;
        this.sources = sources;
        this.directory = directory;
        this.below = below;
        this.hidden = hidden;
    }

    /// <summary>
    /// Null when the tree below has something in the way that only a copy from nothing is sure to treat right: a directory where one has to go, a
    /// file where one has to come, a link on the way, a file with other names that would have to come back.
    /// </summary>
    /// <param name="sources">What is copied, as the delta counts it.</param>
    /// <param name="directory">Where it was copied to, in the target and in the tree below, without links.</param>
    /// <param name="below">What the earlier state was copied into; null for an empty tree. Needed until the update is done.</param>
    public static TreeUpdate? TryPlan(TreeDelta delta, IReadOnlyList<PlacedSource> sources, UnixPath directory, RootedDirectory? below)
    {
        if (LosesItsTime(delta, sources))
        {
            return null;
        }

        var hidden = new List<UnixPath>();
        foreach (var removed in delta.RemovedFiles)
        {
            var found = Look(below, directory / removed);
            if (found == Found.File)
            {
                hidden.Add(removed);
            }
            else if (found != Found.Nothing)
            {
                return null;
            }
        }

        return !delta.IsUnclear
            && delta.RemovedDirectories.TrueForAll(removed => Look(below, directory / removed) == Found.Nothing)
            && delta.AddedDirectories.TrueForAll(added => Look(below, directory / added) is Found.Nothing or Found.Directory)
            ? new TreeUpdate(delta, sources, directory, below, hidden)
            : null;
    }

    /// <param name="target">A writable clone of the tree that has the earlier state. The other parameters are those of its copy.</param>
    /// <exception cref="FileChangedException">The source is no longer what the delta was made from.</exception>
    public void Apply(
        RootedDirectory source, RootedDirectory target, FileOwner? owner, PermissionRule? permissions, bool replaces, CancellationToken cancellationToken)
    {
        foreach (var removed in delta.RemovedDirectories)
        {
            target.RemoveTree(directory / removed, cancellationToken);
        }

        foreach (var removed in delta.RemovedFiles)
        {
            target.Remove(directory / removed);
        }

        foreach (var shown in hidden)
        {
            // There is something below, or it would not be hidden.
            new TreeCopier(below!, target, owner: null, cancellationToken).CopyFile(directory / shown, directory / shown.Parent, shown.Name);
        }

        var copier = new TreeCopier(source, target, owner, cancellationToken, permissions, replaces);
        for (var i = 0; i < sources.Count; i++)
        {
            if (sources[i].IsDirectory)
            {
                copier.CopyContents(sources[i].Path, directory / sources[i].Place, delta.FilterOf(i, sources[i].Place));
            }
            else if (delta.Takes(i, sources[i].Place))
            {
                copier.CopyFile(sources[i].Path, directory, sources[i].Place);
            }
        }

        if (copier.Fingerprint.Value != delta.Fingerprint)
        {
            throw new FileChangedException(sources[0].Path);
        }

        if (!sources[^1].IsDirectory)
        {
            // Whether it was copied now or before: a file that comes last leaves the directory the time of its coming.
            target.Touch(directory);
        }
    }

    /// <summary>
    /// Whether the directory would have the time of the removal of a file although a copy from nothing might not touch it: where only directories
    /// come into it, which may all be there, and none gives it its own time.
    /// </summary>
    private static bool LosesItsTime(TreeDelta delta, IReadOnlyList<PlacedSource> sources) =>
        sources.All(source => source is { IsDirectory: true, Place.IsEmpty: false }) && delta.RemovedFiles.Exists(removed => removed.Parent.IsEmpty);

    private enum Found
    {
        Nothing,
        File,
        Directory,
        Other,
    }

    private static Found Look(RootedDirectory? below, UnixPath path)
    {
        if (below is null)
        {
            return Found.Nothing;
        }

        using var parent = below.TryOpenDirectory(path.Parent, LinkRule.Refuse);
        if (parent is null)
        {
            return Errno.Last == Errno.ENOENT ? Found.Nothing : Found.Other;
        }

        return !FileCalls.TryStat(parent, path.Name.Terminated, out var status) ? Errno.Last == Errno.ENOENT ? Found.Nothing : Found.Other
            : status.IsDirectory ? Found.Directory
            : status.LinkCount == 1 && status.Kind is not (FileKind.Socket or FileKind.Unknown) ? Found.File
            : Found.Other;
    }
}

/// <summary>One of the things that are copied into a directory.</summary>
/// <param name="Path">In the source, without links.</param>
/// <param name="Place">Below the directory: where a file goes, or what is in a directory.</param>
public readonly record struct PlacedSource(UnixPath Path, UnixPath Place, bool IsDirectory);
