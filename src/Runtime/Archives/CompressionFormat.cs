namespace Kleene.Build.Runtime.Archives;

/// <summary>How an archive is packed.</summary>
public enum CompressionFormat
{
    None,
    Gzip,
    Bzip2,
    Xz,
    Zstandard,
}

/// <summary>Recognises a packed file by its first bytes. Names and suffixes say nothing: downloads are often misnamed.</summary>
internal static class CompressionSignature
{
    /// <summary>How many bytes are worth looking at.</summary>
    public const int Length = 10;

    public static CompressionFormat Detect(ReadOnlySpan<byte> start) => start switch
    {
        [0x1F, 0x8B, ..] => CompressionFormat.Gzip,
        // The level, then the first digits of pi, or of its square root where nothing is packed.
        [(byte)'B', (byte)'Z', (byte)'h', >= (byte)'1' and <= (byte)'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..] => CompressionFormat.Bzip2,
        [(byte)'B', (byte)'Z', (byte)'h', >= (byte)'1' and <= (byte)'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => CompressionFormat.Bzip2,
        [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..] => CompressionFormat.Xz,
        [0x28, 0xB5, 0x2F, 0xFD, ..] => CompressionFormat.Zstandard,
        // RFC 8878, 3.1.2: a stream may begin with a skippable frame, as pzstd writes it.
        [>= 0x50 and <= 0x5F, 0x2A, 0x4D, 0x18, ..] => CompressionFormat.Zstandard,
        _ => CompressionFormat.None,
    };

    /// <summary>What people take for a tar archive, for the message once it has turned out to be none; null when it is nothing we know.</summary>
    public static string? NameOther(ReadOnlySpan<byte> start) => start switch
    {
        [(byte)'P', (byte)'K', 3 or 5, 4 or 6, ..] => "a zip file",
        [(byte)'7', (byte)'z', 0xBC, 0xAF, ..] => "a 7z file",
        [0x04, 0x22, 0x4D, 0x18, ..] => "compressed by lz4",
        [(byte)'L', (byte)'Z', (byte)'I', (byte)'P', ..] => "compressed by lzip",
        [0x1F, 0x9D, ..] => "compressed by compress",
        [0x5D, 0, 0, ..] => "compressed by the old lzma",
        [(byte)'{', ..] => "JSON, perhaps a manifest of a registry",
        [(byte)'<', ..] => "a web page or XML",
        [0x7F, (byte)'E', (byte)'L', (byte)'F', ..] => "a program",
        _ => null,
    };
}
