using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// Copies files and the contents of directories from one rooted tree into another, and merges them with what is there: a file
/// replaces a file, a directory is filled, and neither takes the other's place. Keeps permissions, links, hard links among what is
/// copied, attributes, devices, holes and modification times.
/// </summary>
public sealed class TreeCopier
{
    private readonly Walk walk;

    /// <param name="owner">Who is to own what is copied; null keeps the source's owners.</param>
    public TreeCopier(RootedDirectory source, RootedDirectory target, FileOwner? owner, CancellationToken cancellationToken) =>
        walk = new Walk(source, target, owner, cancellationToken);

    /// <summary>Of everything that was copied; the same as the digester's when nothing changed since.</summary>
    public TreeFingerprint Fingerprint => walk.Fingerprint;

    /// <summary>Copies one file, link or device into a directory that exists.</summary>
    /// <param name="path">In the source, without links.</param>
    /// <param name="directory">In the target; links are followed inside it.</param>
    /// <param name="name">What it is to be called there.</param>
    public void CopyFile(UnixPath path, UnixPath directory, UnixPath name) => walk.CopyFile(path, directory, name);

    /// <summary>Copies what is in a directory into another that exists, whose own attributes stay as they are.</summary>
    /// <param name="path">In the source, without links.</param>
    /// <param name="directory">In the target; links are followed inside it.</param>
    public void CopyContents(UnixPath path, UnixPath directory, ITreeFilter? filter) => walk.CopyContents(path, directory, filter);

    private sealed class Walk(RootedDirectory source, RootedDirectory target, FileOwner? owner, CancellationToken cancellationToken)
        : TreeWalk<CopiedDirectory>(source, cancellationToken)
    {
        private const uint PrivateFile = 0x180;
        private const uint PrivateDirectory = 0x1c0;

        private readonly FileContent content = new();
        private readonly Dictionary<(ulong Device, ulong Inode), CopiedLink> links = [];
        private readonly List<CopiedDirectory> lateDirectories = [];

        public TreeFingerprint Fingerprint { get; } = new();

        public void CopyFile(UnixPath path, UnixPath directory, UnixPath name)
        {
            using var parent = Root.OpenDirectory(path.Parent, LinkRule.Refuse);
            using var tools = new ContentHasher();
            if (!FileCalls.TryStat(parent, path.Name.Terminated, out var status))
            {
                throw FileOperationException.Last("read", path);
            }

            using var place = target.OpenDirectory(directory);
            CopyName(parent, path.Name.Terminated, status, new Spot(place, directory, name), path, tools);
        }

        public void CopyContents(UnixPath path, UnixPath directory, ITreeFilter? filter)
        {
            Start(new CopiedDirectory { Path = path, Filter = filter, TargetPath = directory, IsIncluded = true, Exists = true });
            Run();
            foreach (var late in lateDirectories)
            {
                using (late.Handle = Root.OpenDirectory(late.Path, LinkRule.Refuse))
                using (late.Target = target.OpenDirectory(late.TargetPath))
                {
                    Decorate(late);
                }

                // It changed the time of the one above when it was made.
                if (late.Parent is { Parent: not null, IsLinked: false } above)
                {
                    target.SetModified(above.TargetPath, above.Status.Modified);
                }
            }

            lateDirectories.Clear();
        }

        protected override void Enter(CopiedDirectory directory)
        {
            if (directory.Exists)
            {
                directory.Target = target.OpenDirectory(directory.TargetPath);
            }
        }

        protected override CopiedDirectory Found(CopiedDirectory parent, ReadOnlySpan<byte> name, in FileStatus status, ITreeFilter? filter, bool included)
        {
            var found = new CopiedDirectory
            {
                Path = parent.Path.Append(name),
                TargetPath = parent.TargetPath.Append(name),
                Parent = parent,
                Filter = filter,
                Status = status,
                IsIncluded = included,
            };
            if (included)
            {
                Make(found);
            }

            return found;
        }

        protected override void Visit(CopiedDirectory directory, int index, in FileStatus status, ContentHasher tools)
        {
            var name = directory.Listing[index];
            var place = new Spot(TargetOf(directory), directory.TargetPath, UnixPath.FromBytes(name[..^1]));
            CopyName(directory.Handle, name, status, place, directory.Path.Append(name[..^1]), tools);
        }

        protected override void Leave(CopiedDirectory directory, ContentHasher tools)
        {
            if (directory.IsIncluded)
            {
                Decorate(directory);
            }

            directory.Target?.Dispose();
        }

        /// <summary>Gives a directory the source's attributes. The top keeps its own; so does a directory that the target reaches by a link.</summary>
        private void Decorate(CopiedDirectory directory)
        {
            if (directory is { Parent: null } or { IsLinked: true } || directory.Target is not { } place)
            {
                return;
            }

            var kept = owner ?? directory.Status.Owner;
            if (NativeMethods.fchown(place, kept.User, kept.Group) != 0 || NativeMethods.fchmod(place, directory.Status.Permissions) != 0)
            {
                throw FileOperationException.Last("set the mode of", directory.TargetPath);
            }

            ExtendedAttributes.Copy(directory.Handle, place, directory.TargetPath);
            if (!FileCalls.SetModified(place, directory.Status.Modified))
            {
                throw FileOperationException.Last("set the time of", directory.TargetPath);
            }
        }

        private SafeFileHandle TargetOf(CopiedDirectory directory)
        {
            lock (directory)
            {
                if (directory.Target is { } ready)
                {
                    return ready;
                }

                Make(directory);
                return directory.Target = target.OpenDirectory(directory.TargetPath);
            }
        }

        /// <summary>Makes the directory in the target, and those above it that were only waiting for something to hold.</summary>
        private void Make(CopiedDirectory directory)
        {
            lock (directory)
            {
                if (directory.Exists)
                {
                    return;
                }

                // Only the top has no parent, and it exists.
                var parent = directory.Parent!;
                Make(parent);

                // Whoever finds a directory has the one above open; one that is made late may not.
                using var own = directory.IsIncluded && parent.Target is not null ? null : target.OpenDirectory(parent.TargetPath);
                var place = own ?? parent.Target!; // One of the two is there.
                var name = directory.TargetPath.Name;
                if (!FileCalls.MakeDirectory(place, name.Terminated, PrivateDirectory))
                {
                    Accept(directory, place, name);
                }

                if (!directory.IsIncluded)
                {
                    lock (lateDirectories)
                    {
                        lateDirectories.Add(directory);
                    }
                }

                directory.Exists = true;
            }
        }

        /// <summary>Something of that name is there: a directory, or a link that leads to one inside the root, will do.</summary>
        private void Accept(CopiedDirectory directory, SafeFileHandle parent, UnixPath name)
        {
            if (Errno.Last != Errno.EEXIST || !FileCalls.TryStat(parent, name.Terminated, out var there))
            {
                throw FileOperationException.Last("create directory", directory.TargetPath);
            }

            directory.IsLinked = there.Kind == FileKind.SymbolicLink;
            if (!there.IsDirectory && target.TryStat(directory.TargetPath, followLink: true) is not { IsDirectory: true })
            {
                throw new KleeneException($"cannot copy directory '{directory.Path.ToDisplay()}' to '{directory.TargetPath.ToDisplay()}': there is a file of that name");
            }
        }

        private void CopyName(SafeFileHandle from, ReadOnlySpan<byte> name, in FileStatus status, in Spot place, UnixPath path, ContentHasher tools)
        {
            if (status is { LinkCount: > 1, Kind: FileKind.Regular })
            {
                CopyLinked(from, name, status, place, path, tools);
                return;
            }

            CopyAlone(from, name, status, place, path, tools);
        }

        /// <summary>The first of a file's names is copied, the others are linked to it. One thread at a time: the second must find the first complete.</summary>
        private void CopyLinked(SafeFileHandle from, ReadOnlySpan<byte> name, in FileStatus status, in Spot place, UnixPath path, ContentHasher tools)
        {
            lock (links)
            {
                if (links.TryGetValue((status.Device, status.Inode), out var first) && IsStill(first) && TryLink(first, place))
                {
                    Fingerprint.Add(status);
                    return;
                }

                CopyAlone(from, name, status, place, path, tools);
                if (FileCalls.TryStat(place.Directory, place.Name, out var copied))
                {
                    links[(status.Device, status.Inode)] = new CopiedLink(place.Path, copied.Device, copied.Inode);
                }
            }
        }

        /// <summary>A later source of the same copy may have put something else where the first name was.</summary>
        private bool IsStill(CopiedLink first) =>
            target.TryStat(first.Path, followLink: false) is { } there && there.Inode == first.Inode && there.Device == first.Device;

        private bool TryLink(CopiedLink first, in Spot place)
        {
            using var directory = target.OpenDirectory(first.Path.Parent);
            while (!FileCalls.MakeHardLink(directory, first.Path.Name.Terminated, place.Directory, place.Name))
            {
                if (Errno.Last != Errno.EEXIST)
                {
                    return false;
                }

                if (FileCalls.TryStat(place.Directory, place.Name, out var there) && there.Inode == first.Inode && there.Device == first.Device)
                {
                    return true;
                }

                MakeRoom(place);
            }

            return true;
        }

        private void CopyAlone(SafeFileHandle from, ReadOnlySpan<byte> name, in FileStatus status, in Spot place, UnixPath path, ContentHasher tools)
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
                    while (!FileCalls.MakeNode(place.Directory, place.Name, RootedDirectory.NodeType(status.Kind) | PrivateFile, status.RawDevice))
                    {
                        MakeRoom(place);
                    }

                    break;
            }

            Fingerprint.Add(status);
            if (!FileCalls.SetOwner(place.Directory, place.Name, owner ?? status.Owner)
                || (status.Kind != FileKind.SymbolicLink && !FileCalls.SetMode(place.Directory, place.Name, status.Permissions))
                || !FileCalls.SetModified(place.Directory, place.Name, status.Modified))
            {
                throw FileOperationException.Last("set the owner of", place.Path);
            }
        }

        private void CopyRegular(SafeFileHandle from, ReadOnlySpan<byte> name, in FileStatus status, in Spot place, UnixPath path, ContentHasher tools)
        {
            using var file = FileCalls.Open(from, name, Abi.O_RDONLY | Abi.O_NONBLOCK)
                ?? throw (Errno.Last == Errno.ENOENT ? new FileChangedException(path) : FileOperationException.Last("read", path));
            SafeFileHandle? copy;
            while ((copy = FileCalls.Open(place.Directory, place.Name, Abi.O_WRONLY | Abi.O_CREAT | Abi.O_EXCL, PrivateFile)) is null)
            {
                MakeRoom(place);
            }

            using (copy)
            {
                content.Copy(file, copy, status, tools.Buffer, path);

                // Owner, then mode, then attributes: each of them takes away from the next, chown(2) and capabilities(7).
                var kept = owner ?? status.Owner;
                if (NativeMethods.fchown(copy, kept.User, kept.Group) != 0 || NativeMethods.fchmod(copy, status.Permissions) != 0)
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
        private static void MakeRoom(in Spot place)
        {
            if (Errno.Last != Errno.EEXIST)
            {
                throw FileOperationException.Last("create", place.Path);
            }

            if (FileCalls.TryStat(place.Directory, place.Name, out var there) && there.IsDirectory)
            {
                throw new KleeneException($"cannot copy a file to '{place.Path.ToDisplay()}': there is a directory of that name");
            }

            if (!FileCalls.Unlink(place.Directory, place.Name, isDirectory: false) && Errno.Last != Errno.ENOENT)
            {
                throw FileOperationException.Last("replace", place.Path);
            }
        }
    }

    private readonly record struct CopiedLink(UnixPath Path, ulong Device, ulong Inode);

    /// <summary>Where something is to go.</summary>
    private readonly struct Spot(SafeFileHandle directory, UnixPath directoryPath, UnixPath name)
    {
        public SafeFileHandle Directory => directory;

        public ReadOnlySpan<byte> Name => name.Terminated;

        public UnixPath Path => directoryPath / name;
    }

    private sealed class CopiedDirectory : WalkedDirectory
    {
        public required UnixPath TargetPath { get; init; }

        /// <summary>Null for the directory whose contents were asked for.</summary>
        public CopiedDirectory? Parent { get; init; }

        public FileStatus Status { get; init; }

        /// <summary>Otherwise it is made when there is something to put into it.</summary>
        public bool IsIncluded { get; init; }

        public bool Exists { get; set; }

        /// <summary>Whether the target had a link of that name, which was followed.</summary>
        public bool IsLinked { get; set; }

        public SafeFileHandle? Target { get; set; }
    }
}
