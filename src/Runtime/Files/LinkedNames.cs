namespace Kleene.Build.Runtime.Files;

/// <summary>Which names of a tree are names of one file. Told by several threads.</summary>
internal sealed class LinkedNames
{
    private readonly Lock gate = new();
    private readonly List<LinkedName> names = [];

    /// <param name="source">Which of several trees it is in.</param>
    /// <param name="path">Relative to that tree.</param>
    public void Add(in FileStatus status, int source, UnixPath path)
    {
        lock (gate)
        {
            names.Add(new LinkedName(status.Device, status.Inode, source, path));
        }
    }

    /// <summary>Adds the groups to a hash. A file whose other names are elsewhere is alone, and says nothing.</summary>
    public void AppendTo(Sha256Hasher hasher)
    {
        var groups = names
            .GroupBy(name => (name.Device, name.Inode))
            .Select(group => group.Order().ToList())
            .Where(group => group.Count > 1)
            .OrderBy(group => group[0]);
        foreach (var group in groups)
        {
            hasher.AppendNumber(group.Count);
            foreach (var name in group)
            {
                hasher.AppendNumber(name.Source);
                hasher.AppendField(name.Path.Bytes);
            }
        }
    }

    private sealed record LinkedName(ulong Device, ulong Inode, int Source, UnixPath Path) : IComparable<LinkedName>
    {
        public int CompareTo(LinkedName? other) => other is null ? 1 : Source != other.Source ? Source.CompareTo(other.Source) : Path.CompareTo(other.Path);
    }
}
