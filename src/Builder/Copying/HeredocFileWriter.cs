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

        using var target = RootedDirectory.Open(root);
        var owner = manner.Owner.Length == 0 ? FileOwner.Root : OwnerNames.Resolve(target, manner.Owner);
        var permissions = manner.Permissions?.Invoke(PermissionBits.File, isDirectory: false) ?? PermissionBits.File;
        var intoDirectory = CopyPlanner.NamesDirectory(destination) || target.TryStat(destination, followLink: true) is { IsDirectory: true };
        var directory = intoDirectory ? destination : target.FollowLinks(destination).Parent;
        MakeDirectory(target, directory, owner, manner, destination);
        foreach (var file in files)
        {
            Write(target, intoDirectory ? directory / file.Name : target.FollowLinks(destination), file.Content, owner, permissions);
        }
    }

    private static void Write(RootedDirectory target, UnixPath path, string content, FileOwner owner, uint permissions)
    {
        if (target.TryStat(path, followLink: false) is { IsDirectory: true })
        {
            throw new KleeneException($"cannot copy a file to '{path.ToDisplay()}': there is a directory of that name");
        }

        target.Remove(path);
        using (var file = target.CreateFile(path, permissions, owner))
        {
            RandomAccess.Write(file, Encoding.UTF8.GetBytes(content), fileOffset: 0);
        }

        target.SetModified(path, Modified);
    }

    private static void MakeDirectory(RootedDirectory target, UnixPath directory, FileOwner owner, CopyManner manner, string destination)
    {
        try
        {
            target.CreateDirectories(directory, manner.Mode?.Octal ?? PermissionBits.Directory, owner);
        }
        catch (FileOperationException exception) when (exception.IsNotFound)
        {
            throw new KleeneException($"cannot copy to '{destination}': there is a file where a directory has to be", exception);
        }
    }
}
