using System.Text;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Copying;

/// <summary>Writes the files that a COPY holds in its own text.</summary>
internal static class HeredocFileWriter
{
    /// <summary>
    /// 1 February 1980. The text has no time, so that the same text gives the same bytes, it gets a fixed one: late enough for ZIP
    /// archives, which begin in 1980, in every time zone.
    /// </summary>
    public static readonly FileTime Modified = new(318_211_200, 0);

    /// <param name="files">What is written, in this order.</param>
    /// <param name="destination">Absolute in the image; a trailing slash says that it is a directory.</param>
    /// <param name="root">The absolute path of the workspace's tree on the host.</param>
    /// <param name="manner">What is asked of the files, and of the directories that are missing.</param>
    /// <exception cref="KleeneException">The image does not know the owner, or something in it is in the way.</exception>
    public static void Write(IReadOnlyList<PlannedHeredoc> files, string destination, string root, CopyManner manner)
    {
        if (files.Count == 0)
        {
            return;
        }

        using var target = CopyTarget.Open(root, destination, manner);
        target.Expect(files.Count);
        var permissions = manner.Permissions?.Invoke(PermissionBits.File, isDirectory: false) ?? PermissionBits.File;
        foreach (var file in files)
        {
            var (directory, name) = target.PlaceFor(file.Name);
            Write(target.Tree, directory / name, file.Content, target.Owner ?? FileOwner.Root, permissions, manner.LiesOver);
        }
    }

    private static void Write(RootedDirectory target, UnixPath path, string content, FileOwner owner, uint permissions, bool replacesDirectory)
    {
        if (!replacesDirectory && target.TryStat(path, followLink: false) is { IsDirectory: true })
        {
            throw new KleeneException($"cannot copy a file to '{path.ToDisplay()}': there is a directory of that name");
        }

        target.RemoveTree(path);
        using (var file = target.CreateFile(path, permissions, owner))
        {
            RandomAccess.Write(file, Encoding.UTF8.GetBytes(content), fileOffset: 0);
        }

        target.SetModified(path, Modified);
    }
}
