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
    /// <param name="permissions">What becomes of the permissions of all that is copied but links; null keeps them.</param>
    /// <param name="replaces">
    /// Whether what is copied takes the place of whatever the target has of its name: a link that leads to a directory gives way to a
    /// directory, and a directory to a file.
    /// </param>
    public TreeCopier(
        RootedDirectory source, RootedDirectory target, FileOwner? owner, CancellationToken cancellationToken,
        PermissionRule? permissions = null, bool replaces = false) =>
        walk = new Walk(source, target, owner, permissions, replaces, cancellationToken);

    /// <summary>Of everything that was copied; the same as the digester's when nothing changed since.</summary>
    public TreeFingerprint Fingerprint => walk.Fingerprint;

    /// <summary>Whether a directory went into one that the target reaches by a link.</summary>
    public bool FollowedLinks => walk.FollowedLinks;

    /// <summary>Copies one file, link or device into a directory that exists.</summary>
    /// <param name="path">In the source, without links.</param>
    /// <param name="directory">In the target; links are followed inside it.</param>
    /// <param name="name">What it is to be called there.</param>
    public void CopyFile(UnixPath path, UnixPath directory, UnixPath name) => walk.CopyFile(path, directory, name);

    /// <summary>Counts a file that is not copied but read in another way, so that a change of it is noticed too.</summary>
    /// <param name="path">In the source, without links.</param>
    public void NoteRead(UnixPath path) => walk.NoteRead(path);

    /// <summary>Copies what is in a directory into another that exists, which gets the time of the first and keeps its other attributes.</summary>
    /// <param name="path">In the source, without links.</param>
    /// <param name="directory">In the target; links are followed inside it.</param>
    public void CopyContents(UnixPath path, UnixPath directory, ITreeFilter? filter) => walk.CopyContents(path, directory, filter);

    /// <summary>As <see cref="CopyContents"/>, and gives the directory what the source's has: owner, mode, attributes and time.</summary>
    public void CopyTree(UnixPath path, UnixPath directory)
    {
        walk.CopyContents(path, directory, filter: null);
        walk.CopyAttributes(path, directory);
    }

    /// <summary>Gives a directory the owner, mode, attributes and time of another, and leaves what is in them.</summary>
    public void CopyAttributes(UnixPath path, UnixPath directory) => walk.CopyAttributes(path, directory);

    private sealed class Walk(
        RootedDirectory source, RootedDirectory target, FileOwner? owner, PermissionRule? permissions, bool replaces, CancellationToken cancellationToken)
        : TreeWalk<CopiedDirectory>(source, cancellationToken)
    {
        private readonly FileCopier files = new(target, owner, permissions, replaces, cancellationToken);
        private readonly Lock gate = new();
        private readonly List<CopiedDirectory> lateDirectories = [];

        private volatile bool followedLinks;

        public TreeFingerprint Fingerprint => files.Fingerprint;

        public bool FollowedLinks => followedLinks;

        public void NoteRead(UnixPath path) => Fingerprint.Add(Root.Stat(path, followLink: false));

        public void CopyFile(UnixPath path, UnixPath directory, UnixPath name)
        {
            using var parent = Root.OpenDirectory(path.Parent, LinkRule.Refuse);
            using var tools = new ContentHasher();
            if (!FileCalls.TryStat(parent, path.Name.Terminated, out var status))
            {
                throw FileOperationException.Last("read", path);
            }

            if (status.IsDirectory)
            {
                throw new FileChangedException(path);
            }

            using var place = target.OpenDirectory(directory);
            files.Copy(parent, path.Name.Terminated, status, new CopySpot(place, directory, name), path, tools);
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
            CopyTime(path, directory);
        }

        /// <summary>Of the directory whose contents were copied: as BuildKit does, and so that building twice gives the same.</summary>
        private void CopyTime(UnixPath path, UnixPath directory)
        {
            using var place = target.OpenDirectory(directory);
            if (!FileCalls.SetModified(place, Root.Stat(path, followLink: false).Modified))
            {
                throw FileOperationException.Last("set the time of", directory);
            }
        }

        public void CopyAttributes(UnixPath path, UnixPath directory)
        {
            using var from = Root.OpenDirectory(path, LinkRule.Refuse);
            using var place = target.OpenDirectory(directory);
            if (!FileCalls.TryStat(from, out var status))
            {
                throw FileOperationException.Last("read", path);
            }

            Decorate(place, directory, from, status);
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
            var place = new CopySpot(TargetOf(directory), directory.TargetPath, UnixPath.FromBytes(name[..^1]));
            files.Copy(directory.Handle, name, status, place, directory.Path.Append(name[..^1]), tools);
        }

        protected override void Leave(CopiedDirectory directory, ContentHasher tools)
        {
            if (directory.IsIncluded)
            {
                Decorate(directory);
            }
        }

        /// <summary>Gives a directory the source's attributes. The top keeps its own; so does a directory that the target reaches by a link.</summary>
        private void Decorate(CopiedDirectory directory)
        {
            if (directory is { Parent: not null, IsLinked: false, Target: { } place })
            {
                Decorate(place, directory.TargetPath, directory.Handle, directory.Status);
            }
        }

        private void Decorate(SafeFileHandle place, UnixPath targetPath, SafeFileHandle from, in FileStatus status)
        {
            var kept = owner ?? status.Owner;
            var given = permissions?.Invoke(status.Permissions, isDirectory: true) ?? status.Permissions;
            if (NativeMethods.fchown(place, kept.User, kept.Group) != 0 || NativeMethods.fchmod(place, given) != 0)
            {
                throw FileOperationException.Last("set the mode of", targetPath);
            }

            ExtendedAttributes.Copy(from, place, targetPath);
            if (!FileCalls.SetModified(place, status.Modified))
            {
                throw FileOperationException.Last("set the time of", targetPath);
            }
        }

        private SafeFileHandle TargetOf(CopiedDirectory directory)
        {
            lock (directory.Gate)
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
            lock (directory.Gate)
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
                if (!FileCalls.MakeDirectory(place, name.Terminated, PermissionBits.PrivateDirectory))
                {
                    Accept(directory, place, name);
                }

                if (!directory.IsIncluded)
                {
                    lock (gate)
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

            if (replaces && !there.IsDirectory
                && FileCalls.Unlink(parent, name.Terminated, isDirectory: false)
                && FileCalls.MakeDirectory(parent, name.Terminated, PermissionBits.PrivateDirectory))
            {
                return;
            }

            directory.IsLinked = there.Kind == FileKind.SymbolicLink;
            followedLinks |= directory.IsLinked;
            if (!there.IsDirectory && target.TryStat(directory.TargetPath, followLink: true) is not { IsDirectory: true })
            {
                throw new KleeneException($"cannot copy directory '{directory.Path.ToDisplay()}' to '{directory.TargetPath.ToDisplay()}': there is a file of that name");
            }
        }
    }

    private sealed class CopiedDirectory : WalkedDirectory
    {
        /// <summary>Held while it is made; those above are taken first by whoever is below.</summary>
        public Lock Gate { get; } = new();

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

        public override void Close()
        {
            base.Close();
            Target?.Dispose();
        }
    }
}
