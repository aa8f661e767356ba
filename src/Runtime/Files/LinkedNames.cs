using System.Buffers.Binary;
using Kleene.Build.Runtime.Images;

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
        foreach (var group in Linked())
        {
            Append(hasher, group);
        }
    }

    /// <summary>A number for each name that is not its file's only one: the same for all names of a file, and another once a name comes or goes.</summary>
    public IReadOnlyDictionary<(int Source, UnixPath Path), ulong> Groups()
    {
        var groups = new Dictionary<(int Source, UnixPath Path), ulong>();
        var hasher = new Sha256Hasher();
        Span<byte> hash = stackalloc byte[Digest.Size];
        foreach (var group in Linked())
        {
            Append(hasher, group);
            hasher.Finish(hash);
            foreach (var name in group)
            {
                groups[(name.Source, name.Path)] = BinaryPrimitives.ReadUInt64LittleEndian(hash) | 1;
            }
        }

        return groups;
    }

    private static void Append(Sha256Hasher hasher, List<LinkedName> group)
    {
        hasher.AppendNumber(group.Count);
        foreach (var name in group)
        {
            hasher.AppendNumber(name.Source);
            hasher.AppendField(name.Path.Bytes);
        }
    }

    private IEnumerable<List<LinkedName>> Linked() =>
        names
            .GroupBy(name => (name.Device, name.Inode))
            .Select(group => group.Order().ToList())
            .Where(group => group.Count > 1)
            .OrderBy(group => group[0]);

    private sealed record LinkedName(ulong Device, ulong Inode, int Source, UnixPath Path) : IComparable<LinkedName>
    {
        public int CompareTo(LinkedName? other) => other is null ? 1 : Source != other.Source ? Source.CompareTo(other.Source) : Path.CompareTo(other.Path);
    }
}
