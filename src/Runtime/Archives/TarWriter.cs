using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Kleene.Build.Runtime.Archives;

/// <summary>
/// Writes a tar archive from front to back: ustar, with pax records only for what that cannot say. The same entries give the same
/// bytes, which the framework's own writer does not (it names extended headers after the process) and which binary extended
/// attributes do not survive there.
/// </summary>
public sealed class TarWriter(Stream stream)
{
    private const string ExtendedHeaderName = "PaxHeader";
    private const int NameLength = 100;
    private const int PrefixLength = 155;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte[] block = new byte[TarHeader.BlockSize];
    private long padding;

    /// <summary>Writes an entry's header. A file's data follow, in as many pieces as they come, by <see cref="WriteData"/>.</summary>
    public void WriteEntry(TarEntry entry)
    {
        Pad();
        var records = RecordsOf(entry);
        if (records.Length > 0)
        {
            WriteHeader(new TarEntry { Type = TarEntryType.File, Name = Encoding.ASCII.GetBytes(ExtendedHeaderName), Mode = 0x1a4, Size = records.Length, Offset = 0 }, (byte)'x');
            stream.Write(records);
            padding = PaddingOf(records.Length);
            Pad();
        }

        WriteHeader(entry, TypeOf(entry.Type));
        padding = PaddingOf(entry.Size);
    }

    /// <summary>All pieces together have to be as long as the entry says.</summary>
    public void WriteData(ReadOnlySpan<byte> data) => stream.Write(data);

    /// <summary>Writes the two blocks of zeros that end an archive.</summary>
    public void Finish()
    {
        Pad();
        Array.Clear(block);
        stream.Write(block);
        stream.Write(block);
        stream.Flush();
    }

    private static byte TypeOf(TarEntryType type) => type switch
    {
        TarEntryType.HardLink => (byte)'1',
        TarEntryType.SymbolicLink => (byte)'2',
        TarEntryType.CharacterDevice => (byte)'3',
        TarEntryType.BlockDevice => (byte)'4',
        TarEntryType.Directory => (byte)'5',
        TarEntryType.Fifo => (byte)'6',
        _ => (byte)'0',
    };

    private static long PaddingOf(long size) => -size & (TarHeader.BlockSize - 1);

    private void Pad()
    {
        Array.Clear(block);
        stream.Write(block, 0, (int)padding);
        padding = 0;
    }

    private void WriteHeader(TarEntry entry, byte type)
    {
        Array.Clear(block);
        var name = entry.Name.Span;
        if (Split(name) is { } slash and > 0)
        {
            name[..slash].CopyTo(block.AsSpan(345));
            name = name[(slash + 1)..];
        }

        Cut(name).CopyTo(block);
        Octal(block.AsSpan(100, 8), entry.Mode);
        Octal(block.AsSpan(108, 8), entry.UserId);
        Octal(block.AsSpan(116, 8), entry.GroupId);
        Octal(block.AsSpan(124, 12), entry.Size);
        Octal(block.AsSpan(136, 12), entry.ModifiedAt.Seconds);
        block[156] = type;
        Cut(entry.LinkName.Span).CopyTo(block.AsSpan(157));
        "ustar\0"u8.CopyTo(block.AsSpan(257));
        "00"u8.CopyTo(block.AsSpan(263));
        Octal(block.AsSpan(329, 8), entry.DeviceMajor);
        Octal(block.AsSpan(337, 8), entry.DeviceMinor);

        // The sum is that of the block with blanks in its own place (pax(1), "ustar Interchange Format").
        block.AsSpan(148, 8).Fill((byte)' ');
        var sum = block.Sum(each => each);
        Octal(block.AsSpan(148, 7), sum);
        stream.Write(block);
    }

    /// <summary>Where a long name is parted into prefix and name; 0 when it need not or cannot be.</summary>
    private static int Split(ReadOnlySpan<byte> name)
    {
        if (name.Length <= NameLength)
        {
            return 0;
        }

        // The slash at a directory's end is part of its last name.
        var slash = name[..Math.Min(name.Length - 1, PrefixLength + 1)].LastIndexOf((byte)'/');
        return slash > 0 && name.Length - slash - 1 <= NameLength ? slash : 0;
    }

    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> name) => name[..Math.Min(name.Length, NameLength)];

    /// <summary>Digits and a NUL; a number that does not fit is zero here and said in the extended header.</summary>
    private static void Octal(Span<byte> field, long value)
    {
        var digits = Fits(value, field.Length - 1) ? value : 0;
        for (var i = field.Length - 2; i >= 0; i--)
        {
            field[i] = (byte)('0' + (digits & 7));
            digits >>= 3;
        }

        field[^1] = 0;
    }

    private static bool Fits(long value, int digits) => value >= 0 && value >> (3 * digits) == 0;

    private static byte[] RecordsOf(TarEntry entry)
    {
        using var records = new MemoryStream();
        var longName = entry.Name.Length > NameLength && Split(entry.Name.Span) == 0;
        var longLink = entry.LinkName.Length > NameLength;
        if ((longName && !IsText(entry.Name.Span)) || (longLink && !IsText(entry.LinkName.Span)))
        {
            // Without it, names in extended headers are UTF-8.
            Add(records, "hdrcharset", "BINARY"u8);
        }

        AddIf(longName, "path", entry.Name.Span);
        AddIf(longLink, "linkpath", entry.LinkName.Span);
        AddNumber("uid", entry.UserId, 7);
        AddNumber("gid", entry.GroupId, 7);
        AddNumber("size", entry.Size, 11);
        if (entry.ModifiedAt.Nanoseconds != 0 || !Fits(entry.ModifiedAt.Seconds, 11))
        {
            Add(records, "mtime", Encoding.ASCII.GetBytes(TimeText(entry.ModifiedAt)));
        }

        foreach (var xattr in entry.Xattrs)
        {
            Add(records, $"SCHILY.xattr.{xattr.Name}", xattr.Value.Span);
        }

        return records.ToArray();

        void AddIf(bool needed, string key, ReadOnlySpan<byte> value)
        {
            if (needed)
            {
                Add(records, key, value);
            }
        }

        void AddNumber(string key, long value, int digits)
        {
            if (!Fits(value, digits))
            {
                Add(records, key, Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)));
            }
        }
    }

    /// <summary><c>LENGTH KEY=VALUE\n</c>, where LENGTH counts all of it, also itself.</summary>
    private static void Add(MemoryStream records, string key, ReadOnlySpan<byte> value)
    {
        byte[] text = [(byte)' ', .. Encoding.UTF8.GetBytes(key), (byte)'=', .. value, (byte)'\n'];
        var digits = 1;
        while ((text.Length + digits).ToString(CultureInfo.InvariantCulture).Length != digits)
        {
            digits++;
        }

        Span<byte> length = stackalloc byte[20];
        _ = Utf8Formatter.TryFormat(text.Length + digits, length, out var written);
        records.Write(length[..written]);
        records.Write(text);
    }

    private static bool IsText(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _ = Strict.GetCharCount(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>Seconds with a fraction: 0.75 s after -2 is -1.25.</summary>
    private static string TimeText(TarTime time)
    {
        var (sign, seconds, nanoseconds) = time switch
        {
            { Seconds: < 0, Nanoseconds: > 0 } => (time.Seconds == -1 ? "-" : "", time.Seconds + 1, 1_000_000_000 - time.Nanoseconds),
            _ => ("", time.Seconds, time.Nanoseconds),
        };
        var fraction = nanoseconds == 0 ? "" : "." + nanoseconds.ToString("000000000", CultureInfo.InvariantCulture).TrimEnd('0');
        return sign + seconds.ToString(CultureInfo.InvariantCulture) + fraction;
    }
}
