using System.Buffers.Binary;

namespace Kleene.Build.Runtime.Files;

/// <summary>Reads a <see cref="TreeManifest"/> directory by directory.</summary>
internal ref struct ManifestReader(ReadOnlySpan<byte> blocks)
{
    internal const int HashSize = 16;
    internal const int TimeSize = sizeof(long) + sizeof(uint);
    internal const int SizeAndHash = sizeof(long) + HashSize;

    private ReadOnlySpan<byte> rest = blocks;

    /// <summary>Entries of the blocks before the present one.</summary>
    public int FirstEntry { get; private set; }

    /// <summary>Directories of the blocks before the present one.</summary>
    public int FirstDirectory { get; private set; }

    public ManifestDirectory Current { get; private set; }

    public bool MoveNext()
    {
        FirstEntry += Current.Count;
        FirstDirectory += Current.DirectoryCount;
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

/// <summary>One directory of a copy: what meets there.</summary>
internal readonly ref struct ManifestDirectory(ReadOnlySpan<byte> block)
{
    private const int PathAt = (2 * sizeof(int)) + sizeof(ushort);
    private const int AttributesAt = sizeof(ushort) + ManifestReader.TimeSize;
    private const int DirectorySize = AttributesAt + ManifestReader.HashSize;

    /// <summary>All that is known of it and what is in it; the same for the same.</summary>
    public ReadOnlySpan<byte> Block { get; } = block;

    public int Count => Block.IsEmpty ? 0 : BinaryPrimitives.ReadInt32LittleEndian(Block[sizeof(int)..]);

    public ReadOnlySpan<byte> Path => Block.Slice(PathAt, PathLength);

    /// <summary>How many sources have it.</summary>
    public int DirectoryCount => Block.IsEmpty ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(Block[(PathAt + PathLength)..]);

    /// <summary>Whether one of them has extended attributes.</summary>
    public bool HasAttributes
    {
        get
        {
            var has = false;
            for (var i = 0; i < DirectoryCount; i++)
            {
                has |= Block.Slice(DirectoriesAt + (i * DirectorySize) + AttributesAt, ManifestReader.HashSize).ContainsAnyExcept((byte)0);
            }

            return has;
        }
    }

    private int PathLength => BinaryPrimitives.ReadUInt16LittleEndian(Block[(2 * sizeof(int))..]);

    private int DirectoriesAt => PathAt + PathLength + sizeof(ushort);

    public ManifestNames GetEnumerator() => new(Block[(DirectoriesAt + (DirectoryCount * DirectorySize))..]);
}

/// <summary>The names in one directory of a copy, one after another.</summary>
internal ref struct ManifestNames(ReadOnlySpan<byte> entries)
{
    private ReadOnlySpan<byte> rest = entries;

    public ManifestName Current { get; private set; }

    public bool MoveNext()
    {
        if (rest.IsEmpty)
        {
            Current = default;
            return false;
        }

        var length = LengthOf(rest);
        var name = rest.Slice(1, rest[0]);
        while (length < rest.Length && rest.Slice(length + 1, rest[length]).SequenceEqual(name))
        {
            length += LengthOf(rest[length..]);
        }

        Current = new ManifestName(rest[..length]);
        rest = rest[length..];
        return true;
    }

    private static int LengthOf(ReadOnlySpan<byte> entry) => 1 + entry[0] + ManifestName.AfterName;
}

/// <summary>A name, and what each source that has it brings under it.</summary>
/// <param name="entries">All that is known of it; the same for the same.</param>
internal readonly ref struct ManifestName(ReadOnlySpan<byte> entries)
{
    internal const int AfterName = SizeAt + ManifestReader.SizeAndHash + sizeof(ulong);

    private const int SizeAt = 1 + sizeof(ushort) + ManifestReader.TimeSize;
    private const int LinkAt = SizeAt + ManifestReader.SizeAndHash;

    public ReadOnlySpan<byte> Entries { get; } = entries;

    public ReadOnlySpan<byte> Name => Entries.Slice(1, Entries[0]);

    /// <summary>How many sources have it.</summary>
    public int Count => Entries.IsEmpty ? 0 : Entries.Length / EntryLength;

    /// <summary>The sizes of all of them together.</summary>
    public long Size
    {
        get
        {
            var size = 0L;
            for (var at = 0; at < Entries.Length; at += EntryLength)
            {
                size += BinaryPrimitives.ReadInt64LittleEndian(Entries[(at + 1 + Name.Length + SizeAt)..]);
            }

            return size;
        }
    }

    /// <summary>Whether one of them is a file that has other names in what is copied.</summary>
    public bool IsLinked
    {
        get
        {
            var linked = 0UL;
            for (var at = 0; at < Entries.Length; at += EntryLength)
            {
                linked |= BinaryPrimitives.ReadUInt64LittleEndian(Entries[(at + 1 + Name.Length + LinkAt)..]);
            }

            return linked != 0;
        }
    }

    private int EntryLength => 1 + Entries[0] + AfterName;
}
