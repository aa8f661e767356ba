using System.Buffers;
using System.Buffers.Binary;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Runtime.Files;

/// <summary>Packs a <see cref="TreeManifest"/>. Directories come in the order of their paths, names in the order of their bytes.</summary>
internal sealed class ManifestWriter
{
    /// <summary>A name with what is known of it; only a first guess at the memory that is needed.</summary>
    private const int UsualEntry = 72;

    private readonly ArrayBufferWriter<byte> output;
    private readonly List<NameOrigin> names;
    private readonly List<int> directories = [];
    private int blockStart = -1;
    private int entriesInBlock;
    private long bytes;

    public ManifestWriter(int expected)
    {
        output = new ArrayBufferWriter<byte>(Math.Max(1024, expected * UsualEntry));
        names = new List<NameOrigin>(expected);
        output.Advance(TreeManifest.HeaderSize);
    }

    /// <summary>Begins a directory of the copy. First come those of the sources that meet there, then all names.</summary>
    /// <param name="path">Below the one that is copied into.</param>
    /// <param name="count">How many directories meet there; none where only files go, which are sources themselves.</param>
    public void Begin(UnixPath path, int count)
    {
        EndBlock();
        blockStart = output.WrittenCount;
        entriesInBlock = 0;
        output.Write(stackalloc byte[2 * sizeof(int)]);
        Number((ushort)path.Bytes.Length);
        output.Write(path.Bytes);
        Number((ushort)count);
    }

    /// <param name="attributes">The digest of its extended attributes; empty when it has none.</param>
    public void AddDirectory(int source, uint permissions, FileTime modified, Digest attributes)
    {
        Number((ushort)permissions);
        Time(modified);
        Half(attributes);
        directories.Add(source);
    }

    /// <param name="name">Without NUL. Of several sources that have it the first is first.</param>
    /// <param name="link">Tells its group of hard links from every other; 0 when it has no other name in what is copied.</param>
    public void Add(int source, ReadOnlySpan<byte> name, in EntryDigest entry, ulong link)
    {
        output.Write([(byte)name.Length]);
        output.Write(name);
        output.Write([(byte)entry.Kind]);
        Number((ushort)entry.Permissions);
        Time(entry.Modified);
        var rest = output.GetSpan(ManifestReader.SizeAndHash);
        BinaryPrimitives.WriteInt64LittleEndian(rest, entry.Size);
        output.Advance(sizeof(long));
        Half(entry.Body);
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(sizeof(ulong)), link);
        output.Advance(sizeof(ulong));
        entriesInBlock++;
        bytes += entry.Size;
        names.Add(new NameOrigin(source, entry.Stamp));
    }

    public TreeManifest Finish()
    {
        EndBlock();
        var packed = output.WrittenSpan.ToArray();
        packed[0] = TreeManifest.Version;
        BinaryPrimitives.WriteInt32LittleEndian(packed.AsSpan(1), names.Count);
        BinaryPrimitives.WriteInt64LittleEndian(packed.AsSpan(1 + sizeof(int)), bytes);
        return new TreeManifest(packed, [.. names], [.. directories]);
    }

    /// <summary>The length and the number of entries stand before a block, which is only known when it ends.</summary>
    private void EndBlock()
    {
        if (blockStart >= 0)
        {
            var block = System.Runtime.InteropServices.MemoryMarshal.AsMemory(output.WrittenMemory)[blockStart..].Span;
            BinaryPrimitives.WriteInt32LittleEndian(block, block.Length);
            BinaryPrimitives.WriteInt32LittleEndian(block[sizeof(int)..], entriesInBlock);
        }
    }

    private void Number(ushort number)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(output.GetSpan(sizeof(ushort)), number);
        output.Advance(sizeof(ushort));
    }

    private void Time(FileTime time)
    {
        var span = output.GetSpan(ManifestReader.TimeSize);
        BinaryPrimitives.WriteInt64LittleEndian(span, time.Seconds);
        BinaryPrimitives.WriteUInt32LittleEndian(span[sizeof(long)..], time.Nanoseconds);
        output.Advance(ManifestReader.TimeSize);
    }

    /// <summary>Half of a digest is enough to tell two apart.</summary>
    private void Half(Digest digest)
    {
        Span<byte> whole = stackalloc byte[Digest.Size];
        digest.CopyTo(whole);
        output.Write(whole[..ManifestReader.HashSize]);
    }
}
