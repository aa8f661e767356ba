using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Kleene.Build.Runtime.Images;

/// <summary>The SHA-256 of some content, written <c>sha256:</c> and 64 lower-case hexadecimal digits (OCI image-spec, descriptor.md).</summary>
public readonly record struct Digest
{
    public const string Prefix = "sha256:";

    /// <summary>The bytes of the hash itself.</summary>
    public const int Size = 32;

    private const int HexLength = 2 * Size;

    private readonly ulong first;
    private readonly ulong second;
    private readonly ulong third;
    private readonly ulong fourth;

    /// <param name="hash">Exactly <see cref="Size"/> bytes.</param>
    public Digest(ReadOnlySpan<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(hash.Length, Size);
        first = BinaryPrimitives.ReadUInt64BigEndian(hash);
        second = BinaryPrimitives.ReadUInt64BigEndian(hash[8..]);
        third = BinaryPrimitives.ReadUInt64BigEndian(hash[16..]);
        fourth = BinaryPrimitives.ReadUInt64BigEndian(hash[24..]);
    }

    /// <summary>The 64 digits without the algorithm, as file names have them.</summary>
    public string Hex
    {
        get
        {
            Span<byte> bytes = stackalloc byte[Size];
            CopyTo(bytes);
            return Convert.ToHexStringLower(bytes);
        }
    }

    /// <exception cref="FormatException">The text is not a digest.</exception>
    public static Digest Parse(string text) => TryParse(text, out var digest) ? digest : throw new FormatException($"'{text}' is not a sha256 digest");

    public static bool TryParse([NotNullWhen(true)] string? text, out Digest digest)
    {
        digest = default;
        if (text is null || text.Length != Prefix.Length + HexLength || !text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var hex = text.AsSpan(Prefix.Length);
        foreach (var digit in hex)
        {
            if (!char.IsAsciiHexDigitLower(digit))
            {
                return false;
            }
        }

        digest = new Digest(Convert.FromHexString(hex));
        return true;
    }

    /// <summary>Writes the hash into the first <see cref="Size"/> bytes.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, first);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], second);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], third);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], fourth);
    }

    public override string ToString() => Prefix + Hex;
}
