using System.Buffers.Binary;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// What a walk found that is to be copied into one directory, with the times that digests leave out: enough to tell, name by name, what a later walk
/// finds otherwise. Kept packed, a block for each directory of the copy in the order of their paths, so that one in which nothing changed is recognised
/// by its bytes. Where several sources meet in a directory, its block has what each of them brings, in their order. Owners are not in it: whoever
/// copies decides about them.
/// </summary>
public sealed class TreeManifest
{
    internal const byte Version = 2;
    internal const int HeaderSize = 1 + sizeof(int) + sizeof(long);

    private readonly byte[] packed;
    private readonly NameOrigin[] names;
    private readonly int[] directories;

    internal TreeManifest(byte[] packed, NameOrigin[] names, int[] directories)
    {
        this.packed = packed;
        this.names = names;
        this.directories = directories;
    }

    /// <summary>Names in it, directories not counted.</summary>
    public int Count => BinaryPrimitives.ReadInt32LittleEndian(packed.AsSpan(1));

    /// <summary>The sizes of all its files together.</summary>
    public long Bytes => BinaryPrimitives.ReadInt64LittleEndian(packed.AsSpan(1 + sizeof(int)));

    /// <summary>Where each name is from, in their order. Holds for this moment and this machine, and so is not kept.</summary>
    internal ReadOnlySpan<NameOrigin> Names => names;

    /// <summary>The source of each directory, in their order, as many for a block as meet there. Not kept either.</summary>
    internal ReadOnlySpan<int> Directories => directories;

    internal ReadOnlySpan<byte> Blocks => packed.AsSpan(HeaderSize);

    /// <summary>The whole of it, for <see cref="TryUnpack"/>.</summary>
    public byte[] Pack() => packed;

    /// <summary>Null when another version packed it.</summary>
    public static TreeManifest? TryUnpack(byte[] packed) => packed is [Version, ..] && packed.Length >= HeaderSize ? new TreeManifest(packed, [], []) : null;
}

/// <param name="Source">Which of the things that are copied has it, from 0.</param>
/// <param name="Stamp">What <see cref="TreeFingerprint"/> adds for it.</param>
internal readonly record struct NameOrigin(int Source, ulong Stamp);
