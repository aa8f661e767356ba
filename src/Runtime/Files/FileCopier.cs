using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>Where in the target something is to go.</summary>
internal readonly struct CopySpot(SafeFileHandle directory, UnixPath directoryPath, UnixPath name)
{
    public SafeFileHandle Directory => directory;

    /// <summary>Ends in NUL.</summary>
    public ReadOnlySpan<byte> Name => name.Terminated;

    /// <summary>For messages, and for finding it again.</summary>
    public UnixPath Path => directoryPath / name;
}

/// <summary>Copies what is not a directory: files with their hard links, symbolic links, devices and fifos. Replaces what is there, a directory only where that is asked for.</summary>
internal sealed class FileCopier(RootedDirectory target, FileOwner? owner, PermissionRule? permissions, bool replacesDirectories, CancellationToken cancellationToken)
{
    private readonly FileContent content = new(cancellationToken);
    private readonly Lock gate = new();
    private readonly Dictionary<(ulong Device, ulong Inode), CopiedLinks> links = [];

    /// <summary>Where the names of linked files went, and whose they are.</summary>
    private readonly Dictionary<UnixPath, (ulong Device, ulong Inode)> linked = [];

    public TreeFingerprint Fingerprint { get; } = new();

    public void Copy(SafeFileHandle from, ReadOnlySpan<byte> name, in FileStatus status, in CopySpot place, UnixPath path, ContentHasher tools)
    {
        if (status is { LinkCount: > 1, Kind: FileKind.Regular })
        {
            CopyLinked(from, name, status, place, path, tools);
            return;
        }

        CopyAlone(from, name, status, place, path, tools);
    }

    /// <summary>The first of a file's names is copied, the others are linked to it. One thread at a time: the second must find the first complete.</summary>
    private void CopyLinked(SafeFileHandle from, ReadOnlySpan<byte> name, in FileStatus status, in CopySpot place, UnixPath path, ContentHasher tools)
    {
        lock (gate)
        {
            var file = (status.Device, status.Inode);
            if (links.TryGetValue(file, out var known) && IsStill(known) && TryLink(known, place))
            {
                Fingerprint.Add(status);
                if (linked.TryAdd(place.Path, file))
                {
                    known.Names.Add(place.Path);
                }

                return;
            }

            CopyAlone(from, name, status, place, path, tools);
            if (FileCalls.TryStat(place.Directory, place.Name, out var copied))
            {
                links[file] = new CopiedLinks([place.Path], copied.Device, copied.Inode);
                linked[place.Path] = file;
            }
        }
    }

    /// <summary>Something else may have been put there by a way that a link leads to.</summary>
    private bool IsStill(CopiedLinks known) =>
        target.TryStat(known.Names[0], followLink: false) is { } there && there.Inode == known.Inode && there.Device == known.Device;

    private bool TryLink(CopiedLinks known, in CopySpot place)
    {
        var first = known.Names[0];
        using var directory = target.OpenDirectory(first.Parent);
        while (!FileCalls.MakeHardLink(directory, first.Name.Terminated, place.Directory, place.Name))
        {
            if (Errno.Last != Errno.EEXIST)
            {
                return false;
            }

            if (FileCalls.TryStat(place.Directory, place.Name, out var there) && there.Inode == known.Inode && there.Device == known.Device)
            {
                return true;
            }

            TakeAway(place);
        }

        return true;
    }

    private uint PermissionsOf(in FileStatus status) => permissions?.Invoke(status.Permissions, isDirectory: false) ?? status.Permissions;

    private void CopyAlone(SafeFileHandle from, ReadOnlySpan<byte> name, in FileStatus status, in CopySpot place, UnixPath path, ContentHasher tools)
    {
        switch (status.Kind)
        {
            case FileKind.Regular:
                CopyRegular(from, name, status, place, path, tools);
                return;

            case FileKind.SymbolicLink:
                var link = FileCalls.ReadLink(from, name) ?? throw new FileChangedException(path);
                ReadOnlySpan<byte> text = [.. link, 0];
                while (!FileCalls.MakeSymbolicLink(place.Directory, place.Name, text))
                {
                    MakeRoom(place);
                }

                break;

            default:
                while (!FileCalls.MakeNode(place.Directory, place.Name, RootedDirectory.NodeType(status.Kind) | PermissionBits.PrivateFile, status.RawDevice))
                {
                    MakeRoom(place);
                }

                break;
        }

        Fingerprint.Add(status);
        if (!FileCalls.SetOwner(place.Directory, place.Name, owner ?? status.Owner)
            || (status.Kind != FileKind.SymbolicLink && !FileCalls.SetMode(place.Directory, place.Name, PermissionsOf(status)))
            || !FileCalls.SetModified(place.Directory, place.Name, status.Modified))
        {
            throw FileOperationException.Last("set the owner of", place.Path);
        }
    }

    private void CopyRegular(SafeFileHandle from, ReadOnlySpan<byte> name, in FileStatus status, in CopySpot place, UnixPath path, ContentHasher tools)
    {
        using var file = FileCalls.Open(from, name, Abi.O_RDONLY | Abi.O_NONBLOCK)
            ?? throw (Errno.Last == Errno.ENOENT ? new FileChangedException(path) : FileOperationException.Last("read", path));
        SafeFileHandle? copy;
        while ((copy = FileCalls.Open(place.Directory, place.Name, Abi.O_WRONLY | Abi.O_CREAT | Abi.O_EXCL, PermissionBits.PrivateFile)) is null)
        {
            MakeRoom(place);
        }

        using (copy)
        {
            content.Copy(file, copy, status, tools.Buffer, path);

            // Owner, then mode, then attributes: each of them takes away from the next, chown(2) and capabilities(7).
            var kept = owner ?? status.Owner;
            if (NativeMethods.fchown(copy, kept.User, kept.Group) != 0 || NativeMethods.fchmod(copy, PermissionsOf(status)) != 0)
            {
                throw FileOperationException.Last("set the mode of", place.Path);
            }

            if (ExtendedAttributes.Any(file))
            {
                ExtendedAttributes.Copy(file, copy, place.Path);
            }

            if (!FileCalls.TryStat(file, out var after))
            {
                throw FileOperationException.Last("read", path);
            }

            if (after.Kind != FileKind.Regular || after.Inode != status.Inode || after.Size != status.Size || after.Changed != status.Changed)
            {
                throw new FileChangedException(path);
            }

            Fingerprint.Add(after);
            if (!FileCalls.SetModified(copy, status.Modified))
            {
                throw FileOperationException.Last("set the time of", place.Path);
            }
        }
    }

    /// <summary>Takes a file or link away that is where one is to go; called because a call just failed.</summary>
    private void MakeRoom(in CopySpot place)
    {
        if (Errno.Last != Errno.EEXIST)
        {
            throw FileOperationException.Last("create", place.Path);
        }

        TakeAway(place);
    }

    private void TakeAway(in CopySpot place)
    {
        if (FileCalls.TryStat(place.Directory, place.Name, out var there) && there.IsDirectory)
        {
            if (replacesDirectories)
            {
                target.RemoveTree(place.Path, cancellationToken);
                return;
            }

            throw new KleeneException($"cannot copy a file to '{place.Path.ToDisplay()}': there is a directory of that name");
        }

        // A later source may put its file where a linked one's name is. What comes in its place may even have the same inode number.
        lock (gate)
        {
            if (linked.Remove(place.Path, out var file) && links.TryGetValue(file, out var known) && known.Names.Remove(place.Path) && known.Names.Count == 0)
            {
                links.Remove(file);
            }

            if (!FileCalls.Unlink(place.Directory, place.Name, isDirectory: false) && Errno.Last != Errno.ENOENT)
            {
                throw FileOperationException.Last("replace", place.Path);
            }
        }
    }

    /// <summary>The names in the target that a linked file has by now, and which file it is there.</summary>
    private sealed record CopiedLinks(List<UnixPath> Names, ulong Device, ulong Inode);
}
