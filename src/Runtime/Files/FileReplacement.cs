using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Files;

/// <summary>Gives a file of the user's new content in one step: whoever reads it meanwhile sees all of the old or all of the new.</summary>
public static class FileReplacement
{
    /// <param name="path">Of a file that is there. A symbolic link stays one, and the file it leads to is replaced.</param>
    /// <param name="content">All of it.</param>
    /// <exception cref="KleeneException">It cannot be written; it is then as it was.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        if (!File.Exists(path))
        {
            throw new FileOperationException("rewrite", path, Errno.ENOENT);
        }

        var target = Path.GetFullPath(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);
        var name = Path.GetFileName(target);
        using var directory = RootedDirectory.Open(Path.GetDirectoryName(target)!);    // a file has a directory
        var status = directory.Stat(name, followLink: false);
        if (status.Kind != FileKind.Regular)
        {
            throw new KleeneException($"cannot rewrite '{path}': it is not a regular file");
        }

        UnixPath draft = $".{name}.{Environment.ProcessId}.kleene";
        try
        {
            using (var file = directory.CreateFile(draft, status.Permissions, status.Owner))
            {
                RandomAccess.Write(file, content, fileOffset: 0);

                // Without this a crash soon after may leave an empty file under the name.
                RandomAccess.FlushToDisk(file);
            }

            directory.Rename(draft, name);
        }
        catch
        {
            directory.Remove(draft);
            throw;
        }
    }
}
