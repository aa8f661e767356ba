using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>The names in a directory, in the order of their bytes, in one block of memory.</summary>
internal sealed unsafe class DirectoryListing
{
    private const int BufferSize = 32 * 1024;
    private const int RecordLengthAt = 16;
    private const int TypeAt = 18;
    private const int InitialNames = 1024;

    /// <summary>dirent.h, DT_DIR; the same everywhere.</summary>
    private const byte DirectoryType = 4;

    private readonly int[] starts;
    private readonly byte[] names;

    private DirectoryListing(byte[] names, int[] starts)
    {
        this.names = names;
        this.starts = starts;
    }

    public static DirectoryListing Empty { get; } = new([], []);

    public int Count => starts.Length;

    /// <summary>A name with its NUL.</summary>
    public ReadOnlySpan<byte> this[int index] => NameAt(names, starts[index]);

    /// <summary>What the directory itself says of a name; a file system that does not tell types says false.</summary>
    public bool IsDirectory(int index) => names[starts[index] - 1] == DirectoryType;

    /// <summary>Reads a directory that was just opened; null with the reason in errno.</summary>
    public static DirectoryListing? Read(SafeFileHandle directory)
    {
        var names = new byte[InitialNames];
        var used = 0;
        var starts = new List<int>();
        Span<byte> buffer = stackalloc byte[BufferSize];
        while (true)
        {
            var length = ReadEntries(directory, buffer);
            if (length < 0)
            {
                return null;
            }

            if (length == 0)
            {
                break;
            }

            for (var entries = buffer[..length]; !entries.IsEmpty;)
            {
                var recordLength = BinaryPrimitives.ReadUInt16LittleEndian(entries[RecordLengthAt..]);
                var type = entries[TypeAt];
                var name = entries[Abi.DirectoryEntryName..recordLength];
                name = name[..(name.IndexOf((byte)0) + 1)];
                entries = entries[recordLength..];
                if (name is [(byte)'.', 0] or [(byte)'.', (byte)'.', 0])
                {
                    continue;
                }

                if (used + 1 + name.Length > names.Length)
                {
                    Array.Resize(ref names, Math.Max(2 * names.Length, used + 1 + name.Length));
                }

                // The type stands before the name.
                names[used++] = type;
                name.CopyTo(names.AsSpan(used));
                starts.Add(used);
                used += name.Length;
            }
        }

        var sorted = starts.ToArray();
        sorted.AsSpan().Sort((left, right) => NameAt(names, left).SequenceCompareTo(NameAt(names, right)));
        return new DirectoryListing(names, sorted);
    }

    private static int ReadEntries(SafeFileHandle directory, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            long position;
            return (int)(Abi.IsFreeBsd
                ? NativeMethods.getdirentries(directory, pointer, (nuint)buffer.Length, &position)
                : NativeMethods.getdents64(Abi.SYS_getdents64, directory, pointer, (nuint)buffer.Length));
        }
    }

    private static ReadOnlySpan<byte> NameAt(byte[] names, int start)
    {
        var rest = names.AsSpan(start);
        return rest[..(rest.IndexOf((byte)0) + 1)];
    }
}
