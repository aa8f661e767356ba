using System.Numerics;
using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Builder.Contexts;

/// <summary>The stat cache's file in memory: a header, then entries of one size, found by a hash of the inode. Read by several threads, written by none.</summary>
internal sealed class StatTable
{
    /// <summary>Name and version; the byte order makes it another file on another machine.</summary>
    private const ulong Magic = 0x3130_6574_6174_536b;

    private const int HeaderSize = 24;
    private const int LongestAbsence = 8;
    private const ulong ChecksumSeed = 0xcbf29ce484222325;

    private readonly byte[] content;
    private readonly int[] slots;
    private readonly Use[] uses;

    private StatTable(byte[] content)
    {
        this.content = content;
        var entries = Entries;
        uses = new Use[entries.Length];
        slots = new int[(int)BitOperations.RoundUpToPowerOf2((uint)(2 * entries.Length) + 1)];
        for (var i = 0; i < entries.Length; i++)
        {
            var slot = SlotOf(entries[i].Inode);
            while (slots[slot] != 0)
            {
                slot = (slot + 1) & (slots.Length - 1);
            }

            slots[slot] = i + 1;
        }
    }

    /// <summary>What this build found out about an entry.</summary>
    private enum Use : byte
    {
        NotAsked,
        Seen,
        Outdated,
    }

    private ReadOnlySpan<StatEntry> Entries => MemoryMarshal.Cast<byte, StatEntry>(content.AsSpan(Math.Min(HeaderSize, content.Length)));

    public static StatTable Read(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            var length = RandomAccess.GetLength(file);
            if (length < HeaderSize || length > int.MaxValue || (length - HeaderSize) % StatEntry.Size != 0)
            {
                return new StatTable([]);
            }

            var content = GC.AllocateUninitializedArray<byte>((int)length);
            for (var at = 0; at < content.Length;)
            {
                var read = RandomAccess.Read(file, content.AsSpan(at), at);
                if (read == 0)
                {
                    return new StatTable([]);
                }

                at += read;
            }

            return IsWhole(content) ? new StatTable(content) : new StatTable([]);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Not there, or not readable: then nothing is known.
            return new StatTable([]);
        }
    }

    public bool TryGet(in FileStatus status, out Digest digest)
    {
        var entries = Entries;
        for (var slot = SlotOf(StatEntry.Key(status)); slots[slot] != 0; slot = (slot + 1) & (slots.Length - 1))
        {
            var index = slots[slot] - 1;
            if (entries[index].IsOf(status))
            {
                uses[index] = Use.Seen;
                digest = entries[index].Digest;
                return true;
            }

            if (entries[index].Inode == StatEntry.Key(status))
            {
                uses[index] = Use.Outdated;
            }
        }

        digest = default;
        return false;
    }

    /// <summary>Writes what is known and what is new. What was not seen for a while is left out: its file is gone or no build wants it.</summary>
    public void Write(Stream stream, IEnumerable<StatEntry[]> added)
    {
        var sum = ChecksumSeed;
        var count = 0UL;
        WriteHeader(stream, count, sum);
        for (var i = 0; i < uses.Length; i++)
        {
            var entry = Entries[i];
            entry.Age = uses[i] == Use.Seen ? 0 : entry.Age + 1;
            if (entry.Age < LongestAbsence && uses[i] != Use.Outdated)
            {
                WriteEntries(new ReadOnlySpan<StatEntry>(in entry));
            }
        }

        foreach (var block in added)
        {
            WriteEntries(block);
        }

        stream.Position = 0;
        WriteHeader(stream, count, sum);

        void WriteEntries(ReadOnlySpan<StatEntry> entries)
        {
            var bytes = MemoryMarshal.AsBytes(entries);
            sum = Checksum(sum, bytes);
            count += (ulong)entries.Length;
            stream.Write(bytes);
        }
    }

    private static void WriteHeader(Stream stream, ulong count, ulong sum)
    {
        ReadOnlySpan<ulong> header = [Magic, count, sum];
        stream.Write(MemoryMarshal.AsBytes(header));
    }

    private static bool IsWhole(ReadOnlySpan<byte> content)
    {
        var header = MemoryMarshal.Cast<byte, ulong>(content[..HeaderSize]);
        var body = content[HeaderSize..];
        return header[0] == Magic && header[1] == (ulong)(body.Length / StatEntry.Size) && header[2] == Checksum(ChecksumSeed, body);
    }

    /// <summary>Tells a torn or damaged file; nobody is kept from forging one who may write here.</summary>
    private static ulong Checksum(ulong sum, ReadOnlySpan<byte> bytes)
    {
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            sum = BitOperations.RotateLeft((sum ^ word) * 0x9e3779b97f4a7c15, 29);
        }

        return sum;
    }

    private int SlotOf(ulong inode) => (int)((inode * 0x9e3779b97f4a7c15) >> 33) & (slots.Length - 1);
}
