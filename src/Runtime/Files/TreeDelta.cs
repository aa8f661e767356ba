namespace Kleene.Build.Runtime.Files;

/// <summary>What a later walk of a directory found otherwise than an earlier one.</summary>
public sealed class TreeDelta
{
    private readonly TouchedNames top = new();
    private readonly HashSet<UnixPath> gone = [];
    private readonly HashSet<UnixPath> attributed = [];

    private TreeDelta()
    {
    }

    /// <summary>Names that are other: new, changed or gone, directories not counted.</summary>
    public int Count { get; private set; }

    /// <summary>The sizes of those that have to be copied.</summary>
    public long Bytes { get; private set; }

    /// <summary>
    /// Whether extended attributes of directories are in the way: a copy adds to those that are there and takes none away, and what is made in a
    /// directory may inherit from them (acl(5), default access control lists).
    /// </summary>
    public bool IsUnclear { get; private set; }

    /// <summary>Directories that are no more, without those below them.</summary>
    internal List<UnixPath> RemovedDirectories { get; } = [];

    /// <summary>Names of what was no directory and is no more, or has become one; those in removed directories left out.</summary>
    internal List<UnixPath> RemovedFiles { get; } = [];

    internal List<UnixPath> AddedDirectories { get; } = [];

    /// <summary>Lets pass what is to be copied, and the directories whose attributes are to be given anew: also those that lost something.</summary>
    internal ITreeFilter Filter => top;

    /// <summary>The fingerprint of the files that the filter lets pass, as the later walk met them.</summary>
    internal ulong Fingerprint { get; private set; }

    /// <param name="after">Just made, not unpacked.</param>
    public static TreeDelta Between(TreeManifest before, TreeManifest after)
    {
        var delta = new TreeDelta();
        var old = new ManifestReader(before.Blocks);
        var now = new ManifestReader(after.Blocks);
        var (hasOld, hasNow) = (old.MoveNext(), now.MoveNext());
        while (hasOld || hasNow)
        {
            var order = !hasOld ? 1 : !hasNow ? -1 : old.Current.Path.SequenceCompareTo(now.Current.Path);
            if (order < 0)
            {
                delta.Removed(old.Current);
            }
            else if (order > 0)
            {
                delta.Added(now.Current, after.Stamps[now.FirstEntry..]);
            }
            else
            {
                delta.Compare(old.Current, now.Current, after.Stamps[now.FirstEntry..]);
            }

            hasOld = order > 0 ? hasOld : old.MoveNext();
            hasNow = order < 0 ? hasNow : now.MoveNext();
        }

        return delta;
    }

    private void Removed(in ManifestDirectory directory)
    {
        var path = UnixPath.FromBytes(directory.Path);
        Count += directory.Count;
        gone.Add(path);
        if (!gone.Contains(path.Parent))
        {
            RemovedDirectories.Add(path);
            top.Reach(path.Parent);
        }
    }

    private void Added(in ManifestDirectory directory, ReadOnlySpan<ulong> stamps)
    {
        var path = UnixPath.FromBytes(directory.Path);
        AddedDirectories.Add(path);
        IsUnclear |= attributed.Contains(path.Parent);
        var names = top.Reach(path);
        var index = 0;
        foreach (var entry in directory)
        {
            Take(names, entry, stamps[index++]);
        }
    }

    private void Compare(in ManifestDirectory old, in ManifestDirectory now, ReadOnlySpan<ulong> stamps)
    {
        if (now.HasAttributes)
        {
            attributed.Add(UnixPath.FromBytes(now.Path));
        }

        if (old.Block.SequenceEqual(now.Block))
        {
            return;
        }

        var path = UnixPath.FromBytes(now.Path);
        var names = top.Reach(path);
        IsUnclear |= now.HasAttributes || !old.Attributes.SequenceEqual(now.Attributes);
        var before = old.GetEnumerator();
        var after = now.GetEnumerator();
        var (hasBefore, hasAfter) = (before.MoveNext(), after.MoveNext());
        for (var index = 0; hasBefore || hasAfter;)
        {
            var order = !hasBefore ? 1 : !hasAfter ? -1 : before.Current.Name.SequenceCompareTo(after.Current.Name);
            if (order < 0)
            {
                RemovedFiles.Add(path.Append(before.Current.Name));
                Count++;
            }
            else if (order > 0 || !before.Current.Whole.SequenceEqual(after.Current.Whole))
            {
                Take(names, after.Current, stamps[index]);
            }

            index += order < 0 ? 0 : 1;
            hasBefore = order > 0 ? hasBefore : before.MoveNext();
            hasAfter = order < 0 ? hasAfter : after.MoveNext();
        }
    }

    private void Take(TouchedNames names, in ManifestEntry entry, ulong stamp)
    {
        names.Add(UnixPath.FromBytes(entry.Name));
        Count++;
        Bytes += entry.Size;
        Fingerprint += stamp;
    }

    /// <summary>The names in one directory that matter.</summary>
    private sealed class TouchedNames : ITreeFilter
    {
        private static readonly TouchedNames None = new();

        private readonly HashSet<UnixPath> files = [];
        private readonly Dictionary<UnixPath, TouchedNames> directories = [];

        public void Add(UnixPath file) => files.Add(file);

        /// <summary>The names in a directory below, which matters from now on, as do those on the way.</summary>
        public TouchedNames Reach(UnixPath path)
        {
            var reached = this;
            foreach (var range in path.Bytes.Split((byte)'/'))
            {
                if (path.Bytes[range].IsEmpty)
                {
                    continue;
                }

                var name = UnixPath.FromBytes(path.Bytes[range]);
                if (!reached.directories.TryGetValue(name, out var next))
                {
                    reached.directories.Add(name, next = new TouchedNames());
                }

                reached = next;
            }

            return reached;
        }

        public TreeVerdict Judge(ReadOnlySpan<byte> name, bool isDirectory)
        {
            var path = UnixPath.FromBytes(name);
            return files.Contains(path) || directories.ContainsKey(path) ? TreeVerdict.Include : TreeVerdict.Exclude;
        }

        /// <summary>What has become a directory since is empty here; the fingerprint tells.</summary>
        public ITreeFilter Enter(ReadOnlySpan<byte> name) => directories.GetValueOrDefault(UnixPath.FromBytes(name)) ?? None;
    }
}
