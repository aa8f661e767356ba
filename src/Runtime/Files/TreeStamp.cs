namespace Kleene.Build.Runtime.Files;

/// <summary>Gives everything in a tree one time, and permissions by a rule.</summary>
internal static class TreeStamp
{
    public static void Apply(RootedDirectory root, FileTime modified, PermissionRule permissions)
    {
        Apply(root, UnixPath.Empty, modified, permissions);
        root.SetModified(UnixPath.Empty, modified);
    }

    /// <summary>What is in a directory comes first: making it anew would change the directory's time, and reading it needs its permissions.</summary>
    private static void Apply(RootedDirectory root, UnixPath directory, FileTime modified, PermissionRule permissions)
    {
        foreach (var name in root.List(directory))
        {
            var path = directory / name;
            var status = root.Stat(path, followLink: false);
            if (status.IsDirectory)
            {
                Apply(root, path, modified, permissions);
            }

            if (status.Kind != FileKind.SymbolicLink)
            {
                root.SetPermissions(path, permissions(status.Permissions, status.IsDirectory));
            }

            root.SetModified(path, modified);
        }
    }
}
