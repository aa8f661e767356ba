using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Runtime.Archives;

/// <summary>How much an archive may unpack to, so that a small file cannot fill the machine.</summary>
/// <param name="Bytes">Of the unpacked tar stream, headers and all.</param>
/// <param name="Entries">Each makes at least one inode, or a name for one.</param>
public sealed record ExtractionLimits(long Bytes = 256L << 30, long Entries = 10_000_000)
{
    public static ExtractionLimits Default { get; } = new();
}

/// <summary>What an archive was.</summary>
/// <param name="Digest">Of the unpacked tar stream: an OCI image calls it a layer's diff id.</param>
/// <param name="Entries">How many entries it had.</param>
/// <param name="Bytes">Length of the tar stream.</param>
/// <param name="XattrsLost">Extended attributes that the file system below the root cannot store, or that we may not set.</param>
public sealed record ExtractionResult(Digest Digest, long Entries, long Bytes, long XattrsLost);
