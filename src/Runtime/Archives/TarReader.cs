namespace Kleene.Build.Runtime.Archives;

/// <summary>
/// Reads a tar archive from front to back: v7, ustar, GNU and pax. The framework's own reader takes pax values for text and so
/// destroys binary extended attributes. Says what the archive says; what may be done with it is for others to decide.
/// </summary>
public sealed class TarReader(Stream stream)
{
    // Long names and extended attributes. A value may have 64 KiB (xattr(7)), an entry many of them.
    private const long LongestExtension = 8 << 20;

    // What no file system can hold; sums of it do not overflow.
    private const long LargestFile = 1L << 62;

    private readonly byte[] block = new byte[TarHeader.BlockSize];
    private readonly PaxRecords global = new();
    private string? current;
    private long offset;
    private long unread;
    private long padding;

    /// <summary>The next entry, or null at the end of the archive. Data of the entry before it that were not read are skipped.</summary>
    /// <exception cref="ArchiveException">The archive is cut off, damaged or of a kind that is not read.</exception>
    public TarEntry? ReadEntry()
    {
        Skip(unread + padding);
        (unread, padding, current) = (0, 0, null);

        var extensions = new Extensions();
        while (ReadHeader())
        {
            var start = offset - TarHeader.BlockSize;
            try
            {
                if (Interpret(new TarHeader(block), extensions, start) is { } entry)
                {
                    return entry;
                }
            }
            catch (FormatException e)
            {
                throw new ArchiveException(e.Message, start, current, e);
            }
        }

        if (!extensions.IsEmpty)
        {
            throw new ArchiveException("it ends where an entry should follow", offset);
        }

        // Only the last byte proves that the file is whole: a packed file ends with its checksum.
        while (stream.Read(block) is > 0 and var count)
        {
            offset += count;
        }

        return null;
    }

    /// <summary>Reads data of the current entry; 0 at their end.</summary>
    /// <exception cref="ArchiveException">The archive is cut off.</exception>
    public int Read(Span<byte> buffer)
    {
        if (unread == 0 || buffer.IsEmpty)
        {
            return 0;
        }

        var count = stream.Read(buffer[..(int)Math.Min(buffer.Length, unread)]);
        if (count == 0)
        {
            throw CutOff();
        }

        offset += count;
        unread -= count;
        return count;
    }

    /// <summary>False at the blocks of zeros that end an archive. A file without them was cut off, be it between two entries.</summary>
    private bool ReadHeader()
    {
        var count = stream.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
        if (count < block.Length)
        {
            throw offset == 0 ? NotAnArchive(block.AsSpan(0, count)) : CutOff();
        }

        if (TarHeader.IsZero(block))
        {
            offset += count;
            return false;
        }

        if (!new TarHeader(block).IsChecksumRight())
        {
            throw offset == 0 ? NotAnArchive(block) : new ArchiveException("a header's checksum is wrong", offset);
        }

        offset += count;
        return true;
    }

    /// <summary>Null when the header only prepares the entry that follows.</summary>
    private TarEntry? Interpret(TarHeader header, Extensions extensions, long start)
    {
        switch ((char)header.Type)
        {
            case 'L':
                extensions.Name = TarText.Field(ReadExtension(header)).ToArray();
                return null;
            case 'K':
                extensions.LinkName = TarText.Field(ReadExtension(header)).ToArray();
                return null;
            case 'x' or 'X':
                (extensions.Pax ??= new PaxRecords()).Add(ReadExtension(header));
                return null;
            case 'g':
                global.Add(ReadExtension(header));
                return null;
            case 'V':
                _ = ReadExtension(header);
                return null;
            default:
                return ReadEntry(header, extensions, start);
        }
    }

    private TarEntry ReadEntry(TarHeader header, Extensions extensions, long start)
    {
        var pax = extensions.Pax ?? new PaxRecords();
        pax.Inherit(global);

        var name = pax.Find("path") ?? extensions.Name ?? header.ReadName();
        current = TarText.Display(name);
        var type = TypeOf(header.Type, name);
        if (pax.IsSparse)
        {
            throw Sparse();
        }

        var size = pax.FindNumber("size") ?? header.Size;
        if (size is < 0 or > LargestFile)
        {
            throw new FormatException($"a file of {size} bytes cannot be");
        }

        // A link, a directory or a device has no data, whatever some programs write as its size.
        unread = header.Type is >= (byte)'1' and <= (byte)'6' ? 0 : size;
        padding = Padded(unread) - unread;
        var isDevice = type is TarEntryType.CharacterDevice or TarEntryType.BlockDevice;
        return new TarEntry
        {
            Type = type,
            Name = name,
            LinkName = pax.Find("linkpath") ?? extensions.LinkName ?? header.LinkName.ToArray(),
            Mode = (int)(header.Mode & 0xFFF),
            UserId = pax.FindNumber("uid") ?? header.UserId,
            GroupId = pax.FindNumber("gid") ?? header.GroupId,
            ModifiedAt = pax.FindTime("mtime") ?? new TarTime(header.ModifiedAt),
            Size = type == TarEntryType.File ? size : 0,
            DeviceMajor = isDevice ? DeviceNumber(header.DeviceMajor) : 0,
            DeviceMinor = isDevice ? DeviceNumber(header.DeviceMinor) : 0,
            Xattrs = pax.ReadXattrs(),
            Offset = start,
        };
    }

    private static TarEntryType TypeOf(byte type, ReadOnlySpan<byte> name) => (char)type switch
    {
        // Before ustar there was no type for directories.
        '0' or '\0' or '7' => name is [.., (byte)'/'] ? TarEntryType.Directory : TarEntryType.File,
        '1' => TarEntryType.HardLink,
        '2' => TarEntryType.SymbolicLink,
        '3' => TarEntryType.CharacterDevice,
        '4' => TarEntryType.BlockDevice,
        '5' => TarEntryType.Directory,
        '6' => TarEntryType.Fifo,
        'S' => throw Sparse(),
        'D' or 'M' or 'N' => throw new FormatException("it is part of an incremental or multi-volume archive; make a plain one"),
        _ => throw new FormatException($"entries of type 0x{type:x2} are unknown"),
    };

    private byte[] ReadExtension(TarHeader header)
    {
        var size = header.Size;
        if (size is < 0 or > LongestExtension)
        {
            throw new FormatException($"an extended header of {size} bytes cannot be");
        }

        var data = new byte[size];
        var count = stream.ReadAtLeast(data, data.Length, throwOnEndOfStream: false);
        offset += count;
        if (count < data.Length)
        {
            throw CutOff();
        }

        Skip(Padded(size) - size);
        return data;
    }

    private void Skip(long count)
    {
        Span<byte> scratch = stackalloc byte[4096];
        while (count > 0)
        {
            var read = stream.Read(scratch[..(int)Math.Min(count, scratch.Length)]);
            if (read == 0)
            {
                throw CutOff();
            }

            offset += read;
            count -= read;
        }
    }

    private static long Padded(long size) => (size + TarHeader.BlockSize - 1) / TarHeader.BlockSize * TarHeader.BlockSize;

    private static int DeviceNumber(long number) =>
        number is >= 0 and <= int.MaxValue ? (int)number : throw new FormatException($"{number} cannot be a device number");

    private static FormatException Sparse() => new("it is stored as a sparse file, which is not read; make the archive without --sparse");

    private ArchiveException CutOff() => new("it is cut off here", offset, current);

    private static ArchiveException NotAnArchive(ReadOnlySpan<byte> start) =>
        new($"{(CompressionSignature.NameOther(start) is { } other ? $"it is {other}" : "it is not a tar archive")}; "
            + "a tar archive is expected, plain or packed by gzip, bzip2, xz or zstd", 0);

    /// <summary>What came before an entry and belongs to it.</summary>
    private sealed class Extensions
    {
        public byte[]? Name { get; set; }

        public byte[]? LinkName { get; set; }

        public PaxRecords? Pax { get; set; }

        public bool IsEmpty => Name is null && LinkName is null && Pax is null;
    }
}
