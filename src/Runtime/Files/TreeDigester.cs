using Kleene.Build.Runtime.Images;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// One digest of several files and directories: names, kinds, permissions, link targets, attributes, content, and which names are
/// one file. Not owners, times, or where in the root they are. A digest cache saves reading what has not changed.
/// </summary>
public sealed class TreeDigester
{
    private readonly Walk walk;

    /// <param name="keepsList">Whether <see cref="List"/> will be asked for.</param>
    public TreeDigester(RootedDirectory root, IDigestCache? cache, CancellationToken cancellationToken, bool keepsList = false) =>
        walk = new Walk(root, cache, keepsList, cancellationToken);

    /// <summary>Of everything that was hashed; ready after <see cref="Finish"/>.</summary>
    public TreeFingerprint Fingerprint => walk.Fingerprint;

    /// <summary>One file, link or device.</summary>
    /// <param name="path">Relative to the root, without links.</param>
    /// <param name="name">What it goes by in the digest.</param>
    public void AddFile(UnixPath path, UnixPath name) => walk.AddFile(path, name);

    /// <summary>All that is in a directory, but not the directory's own attributes.</summary>
    /// <param name="path">Relative to the root, without links.</param>
    public void AddContents(UnixPath path, ITreeFilter? filter) => walk.AddContents(path, filter);

    public Digest Finish() => walk.Finish();

    /// <summary>Everything that is in the digest, as it was hashed. After <see cref="Finish"/>; made when it is asked for.</summary>
    public FileList List() => walk.List();

    /// <summary>
    /// The same with times, as a copy into one directory puts it together; null where a file and a directory come to the same place. After
    /// <see cref="Finish"/>, and only where a list is kept.
    /// </summary>
    /// <param name="places">Where what was added goes below that directory, in the order in which it was: a file itself, of a directory what is in it.</param>
    public TreeManifest? Manifest(IReadOnlyList<UnixPath> places) => walk.Manifest(places);

    private sealed class Walk(RootedDirectory root, IDigestCache? cache, bool keepsList, CancellationToken cancellationToken)
        : TreeWalk<HashedDirectory>(root, cancellationToken)
    {
        private static readonly Comparer<UnixPath> ByBytes = Comparer<UnixPath>.Create((left, right) => left.CompareTo(right));

        private readonly Lock gate = new();
        private readonly List<HashedDirectory> directories = [];
        private readonly LinkedNames links = new();
        private readonly EntryHasher hasher = new(cache, cancellationToken);
        private int sources;

        public TreeFingerprint Fingerprint { get; } = new();

        public void AddFile(UnixPath path, UnixPath name)
        {
            var single = new HashedDirectory { Path = path.Parent, Source = sources++, Kind = HashedKind.SingleFile };
            directories.Add(single);
            Start(tools =>
            {
                using var parent = Root.OpenDirectory(path.Parent, LinkRule.Refuse);
                if (!FileCalls.TryStat(parent, path.Name.Terminated, out var status))
                {
                    throw FileOperationException.Last("read", path);
                }

                if (status.IsDirectory)
                {
                    throw new FileChangedException(path);
                }

                var entry = Hash(single, parent, path.Name.Terminated, status, tools);
                entry.AppendTo(tools.Small, name.Bytes);
                single.Entries = 1;
                single.File = (path, entry);
                single.Content = tools.Small.Finish();
            });
        }

        public void AddContents(UnixPath path, ITreeFilter? filter)
        {
            var top = new HashedDirectory { Path = path, Source = sources++, Filter = filter, Kind = HashedKind.Top };
            directories.Add(top);
            Start(top);
        }

        public Digest Finish()
        {
            Run();
            directories.Sort((left, right) => left.Source != right.Source ? left.Source.CompareTo(right.Source) : left.Relative.CompareTo(right.Relative));
            MarkPresent();
            var tree = new Sha256Hasher();
            tree.Append("kleene tree 1\n"u8);
            foreach (var directory in directories.Where(directory => directory.IsPresent))
            {
                tree.AppendNumber(directory.Source);
                tree.AppendField(directory.Relative.Bytes);
                tree.AppendNumber((int)(directory.Kind == HashedKind.OnlyForItsContent ? HashedKind.Included : directory.Kind));
                tree.AppendNumber((int)directory.Permissions);
                tree.AppendDigest(directory.Attributes);
                tree.AppendDigest(directory.Content);
            }

            links.AppendTo(tree);
            return tree.Finish();
        }

        public FileList List()
        {
            var entries = new List<FileListEntry>();
            foreach (var directory in directories.Where(directory => directory.IsPresent))
            {
                if (directory.File is { } file)
                {
                    entries.Add(FileListEntry.Of(file.Path, file.Entry));
                    continue;
                }

                if (directory.Kind != HashedKind.Top)
                {
                    entries.Add(FileListEntry.Of(directory.Path, new EntryDigest(FileKind.Directory, directory.Permissions, directory.Attributes, 0)));
                }

                for (var i = 0; i < directory.KeptEntries.Length; i++)
                {
                    if (directory.KeptEntries[i].IsSet)
                    {
                        entries.Add(FileListEntry.Of(directory.Path.Append(directory.KeptNames[i][..^1]), directory.KeptEntries[i]));
                    }
                }
            }

            return new FileList(entries);
        }

        public TreeManifest? Manifest(IReadOnlyList<UnixPath> places)
        {
            var groups = links.Groups();
            var writer = new ManifestWriter(directories.Sum(directory => directory.Entries));

            // The top is always there, or what is copied next to it would be taken for all.
            var blocks = directories.Where(directory => directory.IsPresent).ToLookup(PlaceOf);
            var paths = blocks.Select(block => block.Key).Append(UnixPath.Empty).ToHashSet();
            foreach (var path in paths.Order(ByBytes))
            {
                HashedDirectory[] meeting = [.. blocks[path]];
                writer.Begin(path, meeting.Count(directory => directory.Kind != HashedKind.SingleFile));
                foreach (var directory in meeting.Where(directory => directory.Kind != HashedKind.SingleFile))
                {
                    writer.AddDirectory(directory.Source, directory.Permissions, directory.Modified, directory.Attributes);
                }

                // What a directory has is in order already; of several that have a name, the first stays first.
                foreach (var entry in meeting is [var only] ? only.Names(places) : meeting.SelectMany(directory => directory.Names(places)).OrderBy(entry => entry.Name, ByBytes))
                {
                    if (places.Count > 1 && paths.Contains(path / entry.Name))
                    {
                        return null;
                    }

                    var link = groups.Count == 0 ? 0 : groups.GetValueOrDefault((entry.Directory.Source, entry.LinkPath));
                    writer.Add(entry.Directory.Source, entry.Name.Bytes, entry.Digest, link);
                }
            }

            return writer.Finish();

            UnixPath PlaceOf(HashedDirectory directory) =>
                directory.Kind == HashedKind.SingleFile ? places[directory.Source].Parent : places[directory.Source] / directory.Relative;
        }

        protected override void Enter(HashedDirectory directory) => directory.Found = new EntryDigest[directory.Listing.Count];

        protected override HashedDirectory Found(HashedDirectory parent, ReadOnlySpan<byte> name, in FileStatus status, ITreeFilter? filter, bool included)
        {
            var found = new HashedDirectory
            {
                Path = parent.Path.Append(name),
                Relative = parent.Relative.Append(name),
                Parent = parent,
                Source = parent.Source,
                Filter = filter,
                Kind = included ? HashedKind.Included : HashedKind.OnlyForItsContent,
                Permissions = status.Permissions,
                Modified = status.Modified,
            };
            lock (gate)
            {
                directories.Add(found);
            }

            return found;
        }

        protected override void Visit(HashedDirectory directory, int index, in FileStatus status, ContentHasher tools) =>
            directory.Found[index] = Hash(directory, directory.Handle, directory.Listing[index], status, tools);

        protected override void Leave(HashedDirectory directory, ContentHasher tools)
        {
            for (var i = 0; i < directory.Found.Length; i++)
            {
                if (directory.Found[i].IsSet)
                {
                    directory.Found[i].AppendTo(tools.Small, directory.Listing[i][..^1]);
                    directory.Entries++;
                }
            }

            if (keepsList)
            {
                (directory.KeptNames, directory.KeptEntries) = (directory.Listing, directory.Found);
            }

            directory.Content = tools.Small.Finish();
            if (directory.Kind != HashedKind.Top)
            {
                directory.Attributes = EntryHasher.HashAttributes(directory.Handle, default, tools);
            }
        }

        /// <summary>An ignored directory is there when something in it is: what is found marks all above it.</summary>
        private void MarkPresent()
        {
            foreach (var filled in directories.Where(directory => directory.Entries > 0 || directory.Kind != HashedKind.OnlyForItsContent))
            {
                for (var above = filled; above is { IsPresent: false }; above = above.Parent)
                {
                    above.IsPresent = true;
                }
            }
        }

        private EntryDigest Hash(HashedDirectory directory, SafeFileHandle handle, ReadOnlySpan<byte> name, in FileStatus status, ContentHasher tools)
        {
            var current = status;
            var entry = hasher.Hash(handle, directory.Path, name, ref current, tools);
            Fingerprint.Add(current);
            if (current.LinkCount > 1)
            {
                links.Add(current, directory.Source, directory.Relative.Append(name[..^1]));
            }

            return entry with { Modified = current.Modified, Stamp = TreeFingerprint.StampOf(current) };
        }
    }

    private enum HashedKind
    {
        /// <summary>The directory whose contents were asked for.</summary>
        Top,

        /// <summary>A file on its own.</summary>
        SingleFile,

        /// <summary>A directory in the tree.</summary>
        Included,

        /// <summary>An ignored directory that is there if something in it is. It hashes as the other, because it is copied as the other.</summary>
        OnlyForItsContent,
    }

    private sealed class HashedDirectory : WalkedDirectory
    {
        public UnixPath Relative { get; init; }

        public HashedDirectory? Parent { get; init; }

        public required int Source { get; init; }

        public required HashedKind Kind { get; init; }

        public uint Permissions { get; init; }

        public FileTime Modified { get; init; }

        public EntryDigest[] Found { get; set; } = [];

        /// <summary>The names and what was found under them, when they are to be listed.</summary>
        public DirectoryListing KeptNames { get; set; } = DirectoryListing.Empty;

        public EntryDigest[] KeptEntries { get; set; } = [];

        /// <summary>What was asked for, where that is one file.</summary>
        public (UnixPath Path, EntryDigest Entry)? File { get; set; }

        public int Entries { get; set; }

        public bool IsPresent { get; set; }

        public Digest Content { get; set; }

        public Digest Attributes { get; set; }

        /// <summary>What was found in it, or the one file, by the names that it has in the copy.</summary>
        public IEnumerable<HashedName> Names(IReadOnlyList<UnixPath> places)
        {
            if (File is { } file)
            {
                yield return new HashedName(this, places[Source].Name, file.Entry, file.Path.Name);
            }

            for (var i = 0; i < KeptEntries.Length; i++)
            {
                if (KeptEntries[i].IsSet)
                {
                    var name = UnixPath.FromBytes(KeptNames[i][..^1]);
                    yield return new HashedName(this, name, KeptEntries[i], Relative / name);
                }
            }
        }

        public override void Forget()
        {
            base.Forget();
            Found = [];
        }
    }

    /// <param name="LinkPath">By which its other names know it.</param>
    private readonly record struct HashedName(HashedDirectory Directory, UnixPath Name, EntryDigest Digest, UnixPath LinkPath);
}
