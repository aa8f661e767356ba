using System.Diagnostics;
using System.IO.Compression;

namespace Kleene.Build.Runtime.Archives;

/// <summary>Opens packed files by what is in them. Knows nothing of tar.</summary>
public static class Decompression
{
    // Without it a gzip file that is cut off reads as if it ended there. The framework looks at the switch when its decoder is first used.
    static Decompression() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    /// <summary>The unpacked bytes; the stream itself where it is not packed. Disposing of the result disposes of <paramref name="stream"/>.</summary>
    /// <exception cref="ArchiveException">The file is empty. Reading from the result throws it too, for damaged data.</exception>
    /// <exception cref="KleeneException">The library for this format is not installed.</exception>
    public static Stream Open(Stream stream)
    {
        var source = new PeekStream(stream);
        var start = source.Peek(CompressionSignature.Length);
        if (start.IsEmpty)
        {
            throw new ArchiveException("the file is empty", 0);
        }

        return CompressionSignature.Detect(start) switch
        {
            CompressionFormat.Gzip => new ManagedDecoderStream(source, new GZipStream(source, CompressionMode.Decompress, leaveOpen: true), "gzip"),
            CompressionFormat.Bzip2 => new ManagedDecoderStream(source, new Bzip2Stream(source), "bzip2"),
            CompressionFormat.Xz => new XzStream(source),
            CompressionFormat.Zstandard => new ZstandardStream(source),
            CompressionFormat.None => source,
            _ => throw new UnreachableException(),
        };
    }
}
