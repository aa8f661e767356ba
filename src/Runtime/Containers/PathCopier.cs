using Kleene.Build.Runtime.Archives;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Runtime.Containers;

/// <summary>
/// Copies a file or a directory from one tree to a path in another, by the rules of docker-cp(1). Both trees may be changed meanwhile by
/// somebody who means ill: every path is resolved inside its root whenever it is used.
/// </summary>
public static class PathCopier
{
    /// <exception cref="KleeneException">One cannot go where the other is, something is not there, or a file cannot be read or written.</exception>
    public static Task CopyAsync(RootedDirectory source, string sourcePath, RootedDirectory target, string targetPath, CopyRule rule, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(
            () =>
            {
                rule.Check();
                using var acting = ActingUser.Of(rule.TargetUsers);
                Copy(CopySource.Find(source, sourcePath, rule), target, targetPath, rule, cancellationToken);
            },
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    /// <summary>Packs it into a tar archive, whose entries begin with its name.</summary>
    /// <param name="archive">Stays open.</param>
    /// <exception cref="KleeneException">It is not there, or cannot be read.</exception>
    public static Task PackAsync(RootedDirectory source, string sourcePath, Stream archive, CopyRule rule, CancellationToken cancellationToken)
    {
        var found = CopySource.Find(source, sourcePath, rule);
        return TreeArchiver.WriteAsync(source, found.Path, found.Name, archive, rule.SourceUsers, cancellationToken);
    }

    /// <summary>Unpacks a tar archive, packed or not, into a directory that is there, and cannot leave that.</summary>
    /// <param name="archive">Read to its end and disposed of.</param>
    /// <returns>How many extended attributes were lost.</returns>
    /// <exception cref="KleeneException">There is no such directory, the archive is damaged, or the machine refused it.</exception>
    public static Task<long> UnpackAsync(Stream archive, RootedDirectory target, string targetPath, CopyRule rule, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(
            () =>
            {
                using var opened = archive;
                rule.Check();
                if (target.TryStat(targetPath, followLink: true) is not { IsDirectory: true })
                {
                    throw new KleeneException($"'{targetPath}' is not a directory that an archive could be unpacked into");
                }

                using var acting = ActingUser.Of(rule.TargetUsers);
                using var directory = target.Enter(targetPath);
                var manner = new ExtractionManner { Merges = true, KeepsKinds = true, Owner = rule.Owner };
                return new ArchiveExtractor(ExtractionLimits.Default).Extract(opened, directory, manner, cancellationToken).XattrsLost;
            },
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    private static void Copy(CopySource source, RootedDirectory target, string targetPath, CopyRule rule, CancellationToken cancellationToken)
    {
        var copier = new TreeCopier(source.Root, target, rule.Owner, cancellationToken);
        if (!source.IsDirectory)
        {
            var (directory, name) = PlaceOfFile(source, target, targetPath);
            copier.CopyFile(source.Path, directory, name);
            return;
        }

        var (place, isNew) = PlaceOfDirectory(source, target, targetPath);
        RefuseCopyIntoItself(source, target, place);
        if (isNew)
        {
            target.CreateDirectory(place, PermissionBits.PrivateDirectory, rule.Superuser);
            copier.CopyTree(source.Path, place);
        }
        else
        {
            copier.CopyContents(source.Path, place, filter: null);
        }
    }

    /// <summary>Into a directory under its own name, over a file, or as a new file in a directory that is there.</summary>
    private static (UnixPath Directory, UnixPath Name) PlaceOfFile(CopySource source, RootedDirectory target, string text)
    {
        var real = target.FollowLinks(text);
        if (target.TryStat(real, followLink: true) is { IsDirectory: true })
        {
            return (real, source.Name);
        }

        var (parent, name) = PathLookup.Split(real);
        return IsWrittenAsDirectory(text) ? throw new KleeneException($"'{text}' is not a directory; make it first, or leave out the '/' at its end")
            : target.TryStat(parent, followLink: true) is not { IsDirectory: true } ? throw NoParent(text)
            : (parent, name);
    }

    /// <summary>Into a directory under its own name, or as a new directory; contents alone (<c>DIR/.</c>) into a directory that is there.</summary>
    private static (UnixPath Place, bool IsNew) PlaceOfDirectory(CopySource source, RootedDirectory target, string text)
    {
        var real = target.FollowLinks(text);
        if (target.TryStat(real, followLink: true) is not { } there)
        {
            return target.TryStat(PathLookup.Split(real).Parent, followLink: true) is { IsDirectory: true } ? (real, true) : throw NoParent(text);
        }

        if (!there.IsDirectory)
        {
            throw new KleeneException($"cannot copy a directory over '{text}', which is a file");
        }

        if (source.Name.IsEmpty)
        {
            return (real, false);
        }

        var place = real / source.Name;
        return target.TryStat(place, followLink: true) switch
        {
            { IsDirectory: true } => (place, false),
            null when target.TryStat(place, followLink: false) is null => (place, true),
            _ => throw new KleeneException($"cannot copy a directory over '{place.ToDisplay()}', which is none"),
        };
    }

    private static void RefuseCopyIntoItself(CopySource source, RootedDirectory target, UnixPath place)
    {
        var copied = source.Root.Stat(source.Path, followLink: false);
        for (var above = place; ; above = above.Parent)
        {
            if (target.TryStat(above, followLink: true) is { } status && (status.Device, status.Inode) == (copied.Device, copied.Inode))
            {
                throw new KleeneException($"cannot copy '{source.Path.ToDisplay()}' into itself");
            }

            if (above.Bytes.Length <= 1)
            {
                return;
            }
        }
    }

    private static bool IsWrittenAsDirectory(string text) => text.EndsWith('/') || text.EndsWith("/.", StringComparison.Ordinal);

    private static KleeneException NoParent(string text) => new($"there is no directory that '{text}' could be made in; make it first");
}
