using System.Buffers.Binary;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// What a walk found below one directory, with the times that digests leave out: enough to tell, name by name, what a later walk finds otherwise.
/// Kept packed, a block for each directory in the order of the walk, so that a directory in which nothing changed is recognised by its bytes.
/// Owners are not in it: whoever copies decides about them.
/// </summary>
public sealed class TreeManifest
{
    internal const byte Version = 1;
    internal const int HeaderSize = 1 + sizeof(int) + sizeof(long);

    private readonly byte[] packed;
    private readonly ulong[] stamps;

    internal TreeManifest(byte[] packed, ulong[] stamps)
    {
        this.packed = packed;
        this.stamps = stamps;
    }

    /// <summary>Names in it, directories not counted.</summary>
    public int Count => BinaryPrimitives.ReadInt32LittleEndian(packed.AsSpan(1));

    /// <summary>The sizes of all its files together.</summary>
    public long Bytes => BinaryPrimitives.ReadInt64LittleEndian(packed.AsSpan(1 + sizeof(int)));

    /// <summary>What <see cref="TreeFingerprint"/> adds for each name, in their order. Holds for this moment and this machine, and so is not kept.</summary>
    internal ReadOnlySpan<ulong> Stamps => stamps;

    internal ReadOnlySpan<byte> Blocks => packed.AsSpan(HeaderSize);

    /// <summary>The whole of it, for <see cref="TryUnpack"/>.</summary>
    public byte[] Pack() => packed;

    /// <summary>Null when another version packed it.</summary>
    public static TreeManifest? TryUnpack(byte[] packed) => packed is [Version, ..] && packed.Length >= HeaderSize ? new TreeManifest(packed, []) : null;
}
