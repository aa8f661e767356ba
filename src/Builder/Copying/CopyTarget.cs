using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Copying;

/// <summary>Where in the tree of a workspace the files of one COPY go. Makes the directories that are missing on the way.</summary>
internal sealed class CopyTarget : IDisposable
{
    private readonly string destination;
    private readonly CopyManner manner;
    private bool takesSeveral;

    private CopyTarget(RootedDirectory tree, string destination, CopyManner manner)
    {
        Tree = tree;
        this.destination = destination;
        this.manner = manner;
        Owner = manner.Owner.Length == 0 ? null : OwnerNames.Resolve(tree, manner.Owner);
    }

    public RootedDirectory Tree { get; }

    /// <summary>Who is to own all that is copied; null where nobody was named.</summary>
    public FileOwner? Owner { get; }

    /// <summary>Whether files go into the destination under their own names, and not to it.</summary>
    public bool IsDirectory => takesSeveral || IsDirectoryIn(Tree, destination, manner);

    /// <summary>Whether a destination is a directory before anything is copied.</summary>
    /// <param name="tree">What is copied into; null is the empty tree.</param>
    public static bool IsDirectoryIn(RootedDirectory? tree, string destination, CopyManner manner) =>
        CopyPlanner.NamesDirectory(destination) || (!manner.LiesOver && tree?.TryStat(destination, followLink: true) is { IsDirectory: true });

    /// <param name="root">The absolute path of the workspace's tree on the host.</param>
    /// <param name="destination">Absolute in the image; a trailing slash says that it is a directory.</param>
    /// <exception cref="KleeneException">The image does not know the owner.</exception>
    public static CopyTarget Open(string root, string destination, CopyManner manner)
    {
        var tree = RootedDirectory.Open(root);
        try
        {
            return new CopyTarget(tree, destination, manner);
        }
        catch
        {
            tree.Dispose();
            throw;
        }
    }

    /// <summary>Several files make a directory of a destination that is not there; they are not to become one file.</summary>
    /// <exception cref="KleeneException">The destination is a file.</exception>
    public void Expect(int files)
    {
        if (files < 2 || IsDirectory)
        {
            return;
        }

        if (!manner.LiesOver && Tree.TryStat(destination, followLink: true) is not null)
        {
            throw new KleeneException($"'{destination}' is a file and cannot take {files}; name a directory");
        }

        takesSeveral = true;
    }

    /// <summary>The destination as a directory that is there.</summary>
    public UnixPath MakeDirectory() => Make(destination, manner.DirectoryPermissions);

    /// <summary>A directory of that name in it; itself where the name is empty, as that of a whole tree is.</summary>
    public UnixPath MakeDirectory(UnixPath name) => Make((UnixPath)destination / name, manner.DirectoryPermissions);

    /// <summary>The same for what has permissions of its own, which are not asked for: an archive.</summary>
    public UnixPath MakeDirectoryForArchive() => Make(destination, PermissionBits.Directory);

    /// <summary>Where a single file goes: a directory that is there, and the name in it.</summary>
    /// <param name="name">The file's own name.</param>
    public (UnixPath Directory, UnixPath Name) PlaceFor(UnixPath name)
    {
        if (IsDirectory)
        {
            return (MakeDirectory(), name);
        }

        // A link of that name is followed, inside the root, and what it leads to is made or replaced.
        UnixPath place = manner.LiesOver ? destination : Tree.FollowLinks(destination);
        return (Make(place.Parent, manner.DirectoryPermissions), place.Name);
    }

    public void Dispose() => Tree.Dispose();

    private UnixPath Make(UnixPath directory, uint permissions)
    {
        if (manner.LiesOver)
        {
            LayOver(directory, permissions);
        }

        try
        {
            Tree.CreateDirectories(directory, permissions, Owner ?? FileOwner.Root);
            return directory;
        }
        catch (FileOperationException exception) when (exception.IsNotFound)
        {
            throw new KleeneException($"cannot copy to '{destination}': there is a file where a directory has to be", exception);
        }
    }

    /// <summary>What a directory of a tree above does to the one below: a link or a file goes, a directory takes the new one's attributes.</summary>
    private void LayOver(UnixPath directory, uint permissions)
    {
        var reached = UnixPath.Empty;
        foreach (var range in directory.Bytes.Split((byte)'/'))
        {
            reached /= UnixPath.FromBytes(directory.Bytes[range]);
            if (reached.IsEmpty)
            {
                continue;
            }

            if (Tree.TryStat(reached, followLink: false) is not { IsDirectory: true })
            {
                Tree.Remove(reached);
                return;
            }

            Tree.SetOwner(reached, Owner ?? FileOwner.Root);
            Tree.SetPermissions(reached, permissions);
        }
    }
}
