using System.IO.Compression;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// What a digest of files was made of: every name with its kind, mode, size and hash. Kept packed, and only looked at when somebody asks
/// why a digest is another one. Owners are not in it, as they are in no digest: those of a context mean nothing in an image.
/// </summary>
/// <param name="entries">In the order in which they were hashed.</param>
public sealed class FileList(IReadOnlyList<FileListEntry> entries)
{
    private const int Version = 1;
    private const int HashHalf = 64;

    public IReadOnlyList<FileListEntry> Entries { get; } = entries;

    /// <summary>The list in few bytes: each path takes what it has in common with the one before from there, and all is deflated (RFC 1951).</summary>
    public byte[] Pack()
    {
        var packed = new MemoryStream();
        packed.WriteByte(Version);
        using (var writer = new BinaryWriter(new BufferedStream(new DeflateStream(packed, CompressionLevel.Fastest, leaveOpen: true))))
        {
            writer.Write7BitEncodedInt(Entries.Count);
            var last = UnixPath.Empty;
            foreach (var entry in Entries)
            {
                var common = last.Bytes.CommonPrefixLength(entry.Path.Bytes);
                writer.Write7BitEncodedInt(common);
                writer.Write7BitEncodedInt(entry.Path.Bytes.Length - common);
                writer.Write(entry.Path.Bytes[common..]);
                writer.Write((byte)entry.Kind);
                writer.Write((ushort)entry.Permissions);
                writer.Write7BitEncodedInt64(entry.Size);
                writer.Write((ulong)(entry.Hash >> HashHalf));
                writer.Write((ulong)entry.Hash);
                last = entry.Path;
            }
        }

        return packed.ToArray();
    }

    /// <exception cref="InvalidDataException">It is not what <see cref="Pack"/> made.</exception>
    public static FileList Unpack(byte[] packed)
    {
        if (packed is not [Version, ..])
        {
            throw new InvalidDataException("a list of files is of another version");
        }

        try
        {
            using var reader = new BinaryReader(new BufferedStream(new DeflateStream(new MemoryStream(packed, 1, packed.Length - 1), CompressionMode.Decompress)));
            var entries = new FileListEntry[reader.Read7BitEncodedInt()];
            var last = UnixPath.Empty;
            for (var i = 0; i < entries.Length; i++)
            {
                var common = reader.Read7BitEncodedInt();
                var own = reader.ReadBytes(reader.Read7BitEncodedInt());
                last = UnixPath.FromBytes([.. last.Bytes[..common], .. own]);
                var (kind, permissions, size) = ((FileKind)reader.ReadByte(), reader.ReadUInt16(), reader.Read7BitEncodedInt64());
                entries[i] = new FileListEntry(last, kind, permissions, size, new UInt128(reader.ReadUInt64(), reader.ReadUInt64()));
            }

            return new FileList(entries);
        }
        catch (Exception exception) when (exception is EndOfStreamException or ArgumentException or FormatException or OverflowException)
        {
            throw new InvalidDataException("a list of files is damaged", exception);
        }
    }

    /// <summary>What is other in a later list, by path.</summary>
    public IReadOnlyList<FileDifference> Compare(FileList later)
    {
        var before = ByPath();
        var differences = new List<FileDifference>();
        foreach (var after in later.ByPath().Values)
        {
            if (!before.Remove(after.Path, out var old))
            {
                differences.Add(new FileDifference(after.Path, null, after));
            }
            else if (old != after)
            {
                differences.Add(new FileDifference(after.Path, old, after));
            }
        }

        differences.AddRange(before.Values.Select(gone => new FileDifference(gone.Path, gone, null)));
        differences.Sort((left, right) => left.Path.CompareTo(right.Path));
        return differences;
    }

    /// <summary>A path is there twice when two sources of one copy overlap; it is the same file then.</summary>
    private Dictionary<UnixPath, FileListEntry> ByPath()
    {
        var entries = new Dictionary<UnixPath, FileListEntry>(Entries.Count);
        foreach (var entry in Entries)
        {
            entries.TryAdd(entry.Path, entry);
        }

        return entries;
    }
}
