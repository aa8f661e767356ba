using System.Buffers.Binary;

namespace Kleene.Build.Runtime.Archives;

/// <summary>
/// One header block, by the offsets of pax(1), "ustar Interchange Format"; GNU tar and star differ in what they do with the last
/// 167 bytes. A thin view: fields are read when they are asked for, because old archives keep junk in those that do not matter.
/// </summary>
internal readonly ref struct TarHeader(ReadOnlySpan<byte> block)
{
    public const int BlockSize = 512;

    private const int ChecksumOffset = 148;
    private const int ChecksumLength = 8;

    private readonly ReadOnlySpan<byte> block = block;

    public static bool IsZero(ReadOnlySpan<byte> block) => !block.ContainsAnyExcept((byte)0);

    public byte Type => block[156];

    public long Mode => Number(block.Slice(100, 8), "mode");

    public long UserId => Number(block.Slice(108, 8), "owner");

    public long GroupId => Number(block.Slice(116, 8), "group");

    public long Size => Number(block.Slice(124, 12), "size");

    public long ModifiedAt => Number(block.Slice(136, 12), "time");

    public long DeviceMajor => Number(block.Slice(329, 8), "major device number");

    public long DeviceMinor => Number(block.Slice(337, 8), "minor device number");

    public ReadOnlySpan<byte> LinkName => TarText.Field(block.Slice(157, 100));

    /// <summary>The sum of all bytes with the checksum taken for blanks; some old programs summed signed bytes.</summary>
    public bool IsChecksumRight()
    {
        if (!TryNumber(block.Slice(ChecksumOffset, ChecksumLength), out var stated))
        {
            return false;
        }

        var unsigned = 0L;
        var signed = 0L;
        for (var i = 0; i < BlockSize; i++)
        {
            var value = i is >= ChecksumOffset and < ChecksumOffset + ChecksumLength ? (byte)' ' : block[i];
            unsigned += value;
            signed += (sbyte)value;
        }

        return stated == unsigned || stated == signed;
    }

    public byte[] ReadName()
    {
        var name = TarText.Field(block[..100]);
        var prefix = TarText.Field(Prefix);
        return prefix.IsEmpty ? name.ToArray() : [.. prefix, (byte)'/', .. name];
    }

    // GNU tar has "ustar  " here and puts times where POSIX has a prefix; star ends a shorter prefix with "tar".
    private ReadOnlySpan<byte> Prefix =>
        !block.Slice(257, 6).SequenceEqual("ustar\0"u8) ? []
        : block.Slice(508, 4).SequenceEqual("tar\0"u8) ? block.Slice(345, 131)
        : block.Slice(345, 155);

    private static long Number(ReadOnlySpan<byte> field, string what) =>
        TryNumber(field, out var value) ? value : throw new FormatException($"the {what} in the header is not a number");

    /// <summary>Octal digits between blanks, or where the first bit is set a big-endian two's complement number in the other bits.</summary>
    internal static bool TryNumber(ReadOnlySpan<byte> field, out long value)
    {
        value = 0;
        if ((field[0] & 0x80) != 0)
        {
            return TryBinary(field, out value);
        }

        var digits = field.TrimStart((byte)' ');
        var end = digits.IndexOfAny((byte)' ', (byte)0);
        foreach (var digit in end < 0 ? digits : digits[..end])
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return false;
            }

            // Twelve octal digits are 36 bits: no overflow.
            value = (value << 3) | (uint)(digit - '0');
        }

        return true;
    }

    private static bool TryBinary(ReadOnlySpan<byte> field, out long value)
    {
        // The marker bit is followed by the sign: 0x80 starts a positive number, 0xFF a negative one.
        var fill = (field[0] & 0x40) != 0 ? (byte)0xFF : (byte)0;
        Span<byte> wide = stackalloc byte[16];
        wide.Fill(fill);
        field.CopyTo(wide[^field.Length..]);
        wide[^field.Length] = (byte)(fill == 0 ? field[0] & 0x7F : field[0]);

        value = BinaryPrimitives.ReadInt64BigEndian(wide[8..]);
        return !wide[..8].ContainsAnyExcept(fill) && (value < 0) == (fill != 0);
    }
}
