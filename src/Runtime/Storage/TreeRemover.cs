using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Storage;

/// <summary>Removes a file tree, whatever names are in it. What vanishes meanwhile is no error.</summary>
internal static class TreeRemover
{
    public static void Remove(string path, CancellationToken cancellationToken)
    {
        var directory = Path.GetDirectoryName(path) ?? throw new ArgumentException("a root cannot be removed", nameof(path));
        using var parent = OpenDirectory.TryOpen(directory);
        if (parent is not null)
        {
            Remove(parent, OpenDirectory.Name(Path.GetFileName(path)), mayBeDirectory: true, cancellationToken);
        }
    }

    /// <summary>Removes what is in a directory.</summary>
    public static void Empty(OpenDirectory directory, CancellationToken cancellationToken)
    {
        foreach (var entry in directory.Entries())
        {
            Remove(directory, entry.Name, entry.MayBeDirectory, cancellationToken);
        }
    }

    private static void Remove(OpenDirectory parent, byte[] name, bool mayBeDirectory, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (mayBeDirectory && parent.TryStat(name, out var status) && status.IsDirectory)
        {
            // Most directories of a workspace in the making are empty.
            if (NativeMethods.unlinkat(parent.Handle, name, NativeMethods.AT_REMOVEDIR) == 0)
            {
                return;
            }

            using (var directory = parent.TryOpenChild(name))
            {
                if (directory is not null)
                {
                    Empty(directory, cancellationToken);
                }
            }

            Unlink(parent, name, NativeMethods.AT_REMOVEDIR);
            return;
        }

        Unlink(parent, name, flags: 0);
    }

    private static void Unlink(OpenDirectory parent, byte[] name, int flags)
    {
        if (NativeMethods.unlinkat(parent.Handle, name, flags) != 0 && Errno.Last != Errno.ENOENT)
        {
            throw Errno.LastException($"remove '{parent.Show(name)}'");
        }
    }
}
