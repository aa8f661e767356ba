using System.Buffers.Binary;

namespace Kleene.Build.Runtime.Files;

/// <summary>Reads a <see cref="TreeManifest"/> directory by directory.</summary>
internal ref struct ManifestReader(ReadOnlySpan<byte> blocks)
{
    internal const int HashSize = 16;
    internal const int TimeSize = sizeof(long) + sizeof(uint);
    internal const int SizeAndHash = sizeof(long) + HashSize;

    private ReadOnlySpan<byte> rest = blocks;

    /// <summary>Entries of the directories before the present one.</summary>
    public int FirstEntry { get; private set; }

    public ManifestDirectory Current { get; private set; }

    public bool MoveNext()
    {
        FirstEntry += Current.Count;
        if (rest.IsEmpty)
        {
            Current = default;
            return false;
        }

        Current = new ManifestDirectory(rest[..BinaryPrimitives.ReadInt32LittleEndian(rest)]);
        rest = rest[Current.Block.Length..];
        return true;
    }
}

/// <summary>One directory of a manifest.</summary>
internal readonly ref struct ManifestDirectory(ReadOnlySpan<byte> block)
{
    private const int PathAt = (2 * sizeof(int)) + sizeof(ushort);

    /// <summary>All that is known of it and what is in it; the same for the same.</summary>
    public ReadOnlySpan<byte> Block { get; } = block;

    public int Count => Block.IsEmpty ? 0 : BinaryPrimitives.ReadInt32LittleEndian(Block[sizeof(int)..]);

    public ReadOnlySpan<byte> Path => Block.Slice(PathAt, PathLength);

    /// <summary>Permissions and time.</summary>
    public ReadOnlySpan<byte> Header => Block.Slice(PathAt + PathLength, sizeof(ushort) + ManifestReader.TimeSize);

    /// <summary>All zero when it has none.</summary>
    public ReadOnlySpan<byte> Attributes => Block.Slice(PathAt + PathLength + sizeof(ushort) + ManifestReader.TimeSize, ManifestReader.HashSize);

    public bool HasAttributes => Attributes.ContainsAnyExcept((byte)0);

    private int PathLength => BinaryPrimitives.ReadUInt16LittleEndian(Block[(2 * sizeof(int))..]);

    public ManifestEntries GetEnumerator() => new(Block[(PathAt + PathLength + sizeof(ushort) + ManifestReader.TimeSize + ManifestReader.HashSize)..]);
}

/// <summary>The names in one directory of a manifest, one after another.</summary>
internal ref struct ManifestEntries(ReadOnlySpan<byte> entries)
{
    private const int KindSize = 1;
    private const int AfterName = KindSize + sizeof(ushort) + ManifestReader.TimeSize + ManifestReader.SizeAndHash + sizeof(ulong);
    private const int SizeAt = KindSize + sizeof(ushort) + ManifestReader.TimeSize;

    private ReadOnlySpan<byte> rest = entries;

    public ManifestEntry Current { get; private set; }

    public bool MoveNext()
    {
        if (rest.IsEmpty)
        {
            Current = default;
            return false;
        }

        var nameLength = rest[0];
        var whole = rest[..(1 + nameLength + AfterName)];
        Current = new ManifestEntry(whole, whole.Slice(1, nameLength), BinaryPrimitives.ReadInt64LittleEndian(whole[(1 + nameLength + SizeAt)..]));
        rest = rest[whole.Length..];
        return true;
    }
}

/// <param name="whole">All that is known of the name; the same for the same.</param>
internal readonly ref struct ManifestEntry(ReadOnlySpan<byte> whole, ReadOnlySpan<byte> name, long size)
{
    public ReadOnlySpan<byte> Whole { get; } = whole;

    public ReadOnlySpan<byte> Name { get; } = name;

    public long Size { get; } = size;
}
