namespace Kleene.Build.Runtime.Files;

/// <summary>What is to be copied into a directory and was not, or otherwise, when it was copied before.</summary>
public sealed class TreeDelta
{
    private readonly TreeManifest after;
    private readonly List<TouchedNames> sources = [];
    private readonly HashSet<UnixPath> gone = [];
    private readonly HashSet<UnixPath> attributed = [];

    private Dictionary<UnixPath, int[]>? sourcesOf;

    private TreeDelta(TreeManifest after) => this.after = after;

    /// <summary>Names that are other: new, changed or gone, directories not counted.</summary>
    public int Count { get; private set; }

    /// <summary>The sizes of those that have to be copied.</summary>
    public long Bytes { get; private set; }

    /// <summary>
    /// Whether a copy from nothing could come to something else. Extended attributes of directories are in the way, because a copy adds to those that
    /// are there and takes none away, and what is made in a directory may inherit from them (acl(5), default access control lists); and so is a file with
    /// several names of which one is another source's too: what is hidden by that is no link of it.
    /// </summary>
    public bool IsUnclear { get; private set; }

    /// <summary>Directories that are no more, without those below them.</summary>
    internal List<UnixPath> RemovedDirectories { get; } = [];

    /// <summary>Names of what was no directory and is no more, or has become one; those in removed directories left out.</summary>
    internal List<UnixPath> RemovedFiles { get; } = [];

    internal List<UnixPath> AddedDirectories { get; } = [];

    /// <summary>The fingerprint of the files that the filters let pass, as the later walk met them.</summary>
    internal ulong Fingerprint { get; private set; }

    /// <param name="after">Just made, not unpacked.</param>
    public static TreeDelta Between(TreeManifest before, TreeManifest after)
    {
        var delta = new TreeDelta(after);
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
            else
            {
                var origins = new BlockOrigins(after.Names[now.FirstEntry..], after.Directories.Slice(now.FirstDirectory, now.Current.DirectoryCount));
                if (order > 0)
                {
                    delta.Added(now.Current, origins);
                }
                else
                {
                    delta.Compare(old.Current, now.Current, origins);
                }
            }

            hasOld = order > 0 ? hasOld : old.MoveNext();
            hasNow = order < 0 ? hasNow : now.MoveNext();
        }

        return delta;
    }

    /// <summary>Lets pass what is to be copied of a source, and the directories whose attributes are to be given anew: also those that lost something.</summary>
    /// <param name="source">Its number in the later walk.</param>
    /// <param name="place">Where in the copy its contents go.</param>
    internal ITreeFilter FilterOf(int source, UnixPath place) => Touched(source).Find(place);

    /// <summary>Whether a source that is a file is to be copied.</summary>
    internal bool Takes(int source, UnixPath place) => FilterOf(source, place.Parent).Judge(place.Name.Bytes, isDirectory: false) == TreeVerdict.Include;

    private void Removed(in ManifestDirectory directory)
    {
        var path = UnixPath.FromBytes(directory.Path);
        Count += directory.Count;
        gone.Add(path);
        if (!gone.Contains(path.Parent))
        {
            RemovedDirectories.Add(path);
            Reach(path.Parent, SourcesOf(path.Parent));
        }
    }

    private void Added(in ManifestDirectory directory, BlockOrigins origins)
    {
        var path = UnixPath.FromBytes(directory.Path);
        AddedDirectories.Add(path);
        IsUnclear |= attributed.Contains(path.Parent);
        Reach(path, origins.Directories);
        foreach (var name in directory)
        {
            Take(path, name, origins.Next(name.Count));
        }
    }

    private void Compare(in ManifestDirectory old, in ManifestDirectory now, BlockOrigins origins)
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
        Reach(path, origins.Directories);
        IsUnclear |= now.HasAttributes || old.HasAttributes;
        var before = old.GetEnumerator();
        var after = now.GetEnumerator();
        var (hasBefore, hasAfter) = (before.MoveNext(), after.MoveNext());
        while (hasBefore || hasAfter)
        {
            var order = !hasBefore ? 1 : !hasAfter ? -1 : before.Current.Name.SequenceCompareTo(after.Current.Name);
            var its = order < 0 ? [] : origins.Next(after.Current.Count);
            if (order < 0)
            {
                RemovedFiles.Add(path.Append(before.Current.Name));
                IsUnclear |= IsHiddenLink(before.Current);
                Count++;
            }
            else if (order > 0 || !before.Current.Entries.SequenceEqual(after.Current.Entries))
            {
                IsUnclear |= order == 0 && (before.Current.Count > 1 || after.Current.Count > 1) && (before.Current.IsLinked || after.Current.IsLinked);
                Take(path, after.Current, its);
            }

            hasBefore = order > 0 ? hasBefore : before.MoveNext();
            hasAfter = order < 0 ? hasAfter : after.MoveNext();
        }
    }

    private void Take(UnixPath directory, in ManifestName name, ReadOnlySpan<NameOrigin> origins)
    {
        foreach (var origin in origins)
        {
            Touched(origin.Source).Reach(directory).Add(UnixPath.FromBytes(name.Name));
            Fingerprint += origin.Stamp;
        }

        IsUnclear |= IsHiddenLink(name);
        Count++;
        Bytes += name.Size;
    }

    private static bool IsHiddenLink(in ManifestName name) => name.Count > 1 && name.IsLinked;

    private void Reach(UnixPath directory, ReadOnlySpan<int> having)
    {
        foreach (var source in having)
        {
            Touched(source).Reach(directory);
        }
    }

    private TouchedNames Touched(int source)
    {
        while (sources.Count <= source)
        {
            sources.Add(new TouchedNames());
        }

        return sources[source];
    }

    /// <summary>The sources that have a directory now; looked up by all of them, because it need not be one that changed.</summary>
    private ReadOnlySpan<int> SourcesOf(UnixPath directory)
    {
        if (sourcesOf is null)
        {
            sourcesOf = [];
            for (var reader = new ManifestReader(after.Blocks); reader.MoveNext();)
            {
                sourcesOf.Add(UnixPath.FromBytes(reader.Current.Path), after.Directories.Slice(reader.FirstDirectory, reader.Current.DirectoryCount).ToArray());
            }
        }

        return sourcesOf.GetValueOrDefault(directory, []);
    }

    /// <summary>Where the directories and the names of a block are from.</summary>
    private ref struct BlockOrigins(ReadOnlySpan<NameOrigin> names, ReadOnlySpan<int> directories)
    {
        private ReadOnlySpan<NameOrigin> rest = names;

        public ReadOnlySpan<int> Directories { get; } = directories;

        /// <summary>Those of the next name.</summary>
        public ReadOnlySpan<NameOrigin> Next(int count)
        {
            var next = rest[..count];
            rest = rest[count..];
            return next;
        }
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

        /// <summary>The names in a directory below; none when it does not matter.</summary>
        public TouchedNames Find(UnixPath path)
        {
            var found = this;
            foreach (var range in path.Bytes.Split((byte)'/'))
            {
                found = path.Bytes[range].IsEmpty ? found : found.directories.GetValueOrDefault(UnixPath.FromBytes(path.Bytes[range]), None);
            }

            return found;
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
