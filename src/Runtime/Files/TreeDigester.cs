using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
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

    public TreeDigester(RootedDirectory root, IDigestCache? cache, CancellationToken cancellationToken) => walk = new Walk(root, cache, cancellationToken);

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

    private sealed class Walk(RootedDirectory root, IDigestCache? cache, CancellationToken cancellationToken)
        : TreeWalk<HashedDirectory>(root, cancellationToken)
    {
        /// <summary>A file that is being written all the time is taken as it is at the last of these.</summary>
        private const int ReadAttempts = 3;

        private readonly Lock gate = new();
        private readonly List<HashedDirectory> directories = [];
        private readonly List<LinkedName> linkedNames = [];
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

                var entry = Describe(single, parent, path.Name.Terminated, status, tools);
                Append(tools.Small, name.Bytes, entry);
                single.Entries = 1;
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
            directories.Sort((left, right) => left.Source != right.Source ? left.Source.CompareTo(right.Source) : ComparePaths(left.Relative, right.Relative));
            var hasher = new Sha256Hasher();
            hasher.Append("kleene tree 1\n"u8);
            foreach (var directory in directories.Where(IsPresent))
            {
                AppendNumber(hasher, directory.Source);
                AppendField(hasher, directory.Relative.Bytes);
                AppendNumber(hasher, (int)(directory.Kind == HashedKind.OnlyForItsContent ? HashedKind.Included : directory.Kind));
                AppendNumber(hasher, (int)directory.Permissions);
                AppendDigest(hasher, directory.Attributes);
                AppendDigest(hasher, directory.Content);
            }

            AppendLinks(hasher);
            return hasher.Finish();
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
            };
            lock (gate)
            {
                directories.Add(found);
            }

            return found;
        }

        protected override void Visit(HashedDirectory directory, int index, in FileStatus status, ContentHasher tools) =>
            directory.Found[index] = Describe(directory, directory.Handle, directory.Listing[index], status, tools);

        protected override void Leave(HashedDirectory directory, ContentHasher tools)
        {
            for (var i = 0; i < directory.Found.Length; i++)
            {
                if (directory.Found[i].IsSet)
                {
                    Append(tools.Small, directory.Listing[i][..^1], directory.Found[i]);
                    directory.Entries++;
                }
            }

            directory.Content = tools.Small.Finish();
            if (directory.Kind != HashedKind.Top)
            {
                directory.Attributes = HashAttributes(directory.Handle, default, tools);
            }
        }

        /// <summary>A directory comes before what is in it, and that before anything else: the slash sorts below every other byte.</summary>
        private static int ComparePaths(UnixPath left, UnixPath right)
        {
            var common = left.Bytes.CommonPrefixLength(right.Bytes);
            return Rank(left.Bytes, common).CompareTo(Rank(right.Bytes, common));

            static int Rank(ReadOnlySpan<byte> path, int at) => at == path.Length ? -1 : path[at] == '/' ? 0 : path[at];
        }

        /// <summary>An ignored directory is there when something in it is; those that are found later mark the ones above.</summary>
        private bool IsPresent(HashedDirectory directory)
        {
            if (!marked)
            {
                marked = true;
                foreach (var filled in directories.Where(one => one.Entries > 0 || one.Kind != HashedKind.OnlyForItsContent))
                {
                    for (var above = filled; above is { IsPresent: false }; above = above.Parent)
                    {
                        above.IsPresent = true;
                    }
                }
            }

            return directory.IsPresent;
        }

        private bool marked;

        private static void Append(Sha256Hasher hasher, ReadOnlySpan<byte> name, in EntryDigest entry)
        {
            AppendField(hasher, name);
            AppendNumber(hasher, (int)((uint)entry.Kind << 16 | entry.Permissions));
            AppendDigest(hasher, entry.Body);
        }

        private static void AppendField(Sha256Hasher hasher, ReadOnlySpan<byte> field)
        {
            AppendNumber(hasher, field.Length);
            hasher.Append(field);
        }

        private static void AppendNumber(Sha256Hasher hasher, int number)
        {
            Span<byte> bytes = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
            hasher.Append(bytes);
        }

        private static void AppendDigest(Sha256Hasher hasher, Digest digest)
        {
            Span<byte> bytes = stackalloc byte[Digest.Size];
            digest.CopyTo(bytes);
            hasher.Append(bytes);
        }

        private EntryDigest Describe(HashedDirectory directory, SafeFileHandle handle, ReadOnlySpan<byte> name, in FileStatus status, ContentHasher tools)
        {
            var current = status;
            var body = status.Kind switch
            {
                FileKind.Regular => HashFile(directory, handle, name, ref current, tools),
                FileKind.SymbolicLink => HashLink(directory, handle, name, tools),
                _ => HashDevice(status, tools),
            };
            Fingerprint.Add(current);
            if (current.LinkCount > 1)
            {
                lock (gate)
                {
                    linkedNames.Add(new LinkedName(current.Device, current.Inode, directory.Source, directory.Relative.Append(name[..^1])));
                }
            }

            // A link's own permissions mean nothing and differ between systems.
            return new EntryDigest(current.Kind, current.Kind == FileKind.SymbolicLink ? 0 : current.Permissions, body);
        }

        private Digest HashFile(HashedDirectory directory, SafeFileHandle handle, ReadOnlySpan<byte> name, ref FileStatus status, ContentHasher tools)
        {
            if (cache is not null && cache.TryGet(status, out var known))
            {
                return known;
            }

            var path = directory.Path.Append(name[..^1]);
            for (var attempt = 1; ; attempt++)
            {
                // O_NONBLOCK: what was a file may be a fifo by now, and its opener would wait for a writer.
                using var file = FileCalls.Open(handle, name, Abi.O_RDONLY | Abi.O_NONBLOCK)
                    ?? throw (Native.Errno.Last == Native.Errno.ENOENT ? new FileChangedException(path) : FileOperationException.Last("read", path));
                if (!tools.TryHash(file, status.Size, out var digest) || !FileCalls.TryStat(file, out var after))
                {
                    throw FileOperationException.Last("read", path);
                }

                digest = HashAttributes(file, digest, tools);
                if (after == status with { AllocatedSize = after.AllocatedSize })
                {
                    cache?.Add(status, digest);
                    return digest;
                }

                if (after.Kind != FileKind.Regular || attempt == ReadAttempts)
                {
                    throw new FileChangedException(path);
                }

                status = after;
            }
        }

        private static Digest HashLink(HashedDirectory directory, SafeFileHandle handle, ReadOnlySpan<byte> name, ContentHasher tools)
        {
            var target = FileCalls.ReadLink(handle, name) ?? throw new FileChangedException(directory.Path.Append(name[..^1]));
            tools.Small.Append(target);
            return tools.Small.Finish();
        }

        private static Digest HashDevice(in FileStatus status, ContentHasher tools)
        {
            Span<byte> device = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(device, status.RawDevice);
            tools.Small.Append(device);
            return tools.Small.Finish();
        }

        /// <summary>The content's digest itself when there are no attributes: nearly always.</summary>
        private static Digest HashAttributes(SafeFileHandle file, Digest content, ContentHasher tools)
        {
            if (!ExtendedAttributes.Any(file) || ExtendedAttributes.Read(file) is not { Count: > 0 } attributes)
            {
                return content;
            }

            AppendDigest(tools.Small, content);
            foreach (var (name, value) in attributes)
            {
                AppendField(tools.Small, name.Bytes);
                AppendField(tools.Small, value);
            }

            return tools.Small.Finish();
        }

        /// <summary>Names of one file, of which at least two are in the tree.</summary>
        private void AppendLinks(Sha256Hasher hasher)
        {
            var groups = linkedNames
                .GroupBy(name => (name.Device, name.Inode))
                .Select(group => group.OrderBy(name => name.Source).ThenBy(name => name.Path, Comparer<UnixPath>.Create((a, b) => a.CompareTo(b))).ToList())
                .Where(group => group.Count > 1)
                .OrderBy(group => group[0].Source)
                .ThenBy(group => group[0].Path, Comparer<UnixPath>.Create((a, b) => a.CompareTo(b)));
            foreach (var group in groups)
            {
                AppendNumber(hasher, group.Count);
                foreach (var name in group)
                {
                    AppendNumber(hasher, name.Source);
                    AppendField(hasher, name.Path.Bytes);
                }
            }
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

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct EntryDigest(FileKind Kind, uint Permissions, Digest Body)
    {
        public bool IsSet => Body != default;
    }

    private readonly record struct LinkedName(ulong Device, ulong Inode, int Source, UnixPath Path);

    private sealed class HashedDirectory : WalkedDirectory
    {
        public UnixPath Relative { get; init; }

        public HashedDirectory? Parent { get; init; }

        public required int Source { get; init; }

        public required HashedKind Kind { get; init; }

        public uint Permissions { get; init; }

        public EntryDigest[] Found { get; set; } = [];

        public int Entries { get; set; }

        public bool IsPresent { get; set; }

        public Digest Content { get; set; }

        public Digest Attributes { get; set; }

        public override void Forget()
        {
            base.Forget();
            Found = [];
        }
    }
}
