using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Builder.Contexts;

/// <summary>One file in the stat cache: what it was, and the digest it had. One cache line, written to disk as it is in memory.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
internal struct StatEntry
{
    public const int Size = 64;

    private const ulong LargestSize = (1UL << 48) - 1;
    private const int AgeShift = 56;

    public ulong Inode;
    private ulong sizeAndAge;
    public long Modified;
    public long Changed;
    private HashBytes hash;

    /// <summary>How often the cache was written since the file was last seen.</summary>
    public int Age
    {
        readonly get => (int)(sizeAndAge >> AgeShift);
        set => sizeAndAge = (sizeAndAge & LargestSize) | ((ulong)value << AgeShift);
    }

    public readonly Digest Digest => new(hash);

    /// <summary>Files that are too large to note are not worth a thought.</summary>
    public static bool TryCreate(in FileStatus status, Digest digest, out StatEntry entry)
    {
        entry = new StatEntry
        {
            Inode = Key(status),
            sizeAndAge = (ulong)status.Size,
            Modified = status.Modified.TotalNanoseconds,
            Changed = status.Changed.TotalNanoseconds,
        };
        digest.CopyTo(entry.hash);
        return (ulong)status.Size <= LargestSize;
    }

    public readonly bool IsOf(in FileStatus status) =>
        Inode == Key(status)
        && (sizeAndAge & LargestSize) == (ulong)status.Size
        && Modified == status.Modified.TotalNanoseconds
        && Changed == status.Changed.TotalNanoseconds;

    /// <summary>
    /// The inode, mixed with the device for the rare context that spans several. Two files would have to share this and all of size
    /// and both times to be confused.
    /// </summary>
    public static ulong Key(in FileStatus status) => status.Inode ^ (status.Device * 0x9e3779b97f4a7c15);

    [InlineArray(Digest.Size)]
    private struct HashBytes
    {
        private byte first;
    }
}
