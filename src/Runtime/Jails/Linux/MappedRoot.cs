using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// A way to a tree for the superuser of a jail with users of its own, who is nobody on the host: our directories let nobody through, and the runtime
/// mounts the tree as he. It is a second mount of the tree, in a directory that his group alone may pass.
/// </summary>
internal static class MappedRoot
{
    private const uint PassableForGroup = 0x1c8;

    /// <param name="roots">The directory of all of them.</param>
    /// <returns>Where the tree is mounted.</returns>
    public static string Make(string roots, string id, string tree, UserRange users)
    {
        Remove(roots, id);
        var directory = Path.Join(roots, id);
        var root = Path.Join(directory, "root");
        Check(NativeMethods.mkdir(directory, PassableForGroup), "mkdir", directory);
        Check(NativeMethods.chmod(directory, PassableForGroup), "chmod", directory);
        Check(NativeMethods.chown(directory, 0, users.First), "chown", directory);
        Check(NativeMethods.mkdir(root, PassableForGroup), "mkdir", root);
        using var mount = DetachedMount.Clone(tree);
        DetachedMount.Attach(mount, root);
        return root;
    }

    /// <summary>Gone already, or never there: succeeds.</summary>
    public static void Remove(string roots, string id)
    {
        var directory = Path.Join(roots, id);
        if (Directory.Exists(directory))
        {
            // Whoever holds it open elsewhere need not be waited for: it is only a second way to the tree.
            var root = Path.Join(directory, "root");
            DetachedMount.Detach(root);

            // Not with what is in it: were the tree still mounted there, that would be the container's files.
            if (Directory.Exists(root))
            {
                Directory.Delete(root);
            }

            Directory.Delete(directory);
        }
    }

    private static void Check(int result, string call, string path)
    {
        if (result != 0)
        {
            throw Errno.LastException($"{call} '{path}'");
        }
    }
}
