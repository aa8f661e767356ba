namespace Kleene.Build.Runtime.Archives;

/// <summary>An archive cannot be read or must not be unpacked: it is cut off, damaged, hostile or of an unknown kind.</summary>
public sealed class ArchiveException : KleeneException
{
    /// <param name="reason">What is wrong, to follow a colon.</param>
    /// <param name="offset">Bytes from the start of the tar stream, or of the compressed file where <paramref name="entry"/> is null and a decoder found it.</param>
    /// <param name="entry">The entry's name as it can be shown, where it is known.</param>
    /// <param name="innerException">What a decoder said.</param>
    public ArchiveException(string reason, long offset, string? entry = null, Exception? innerException = null)
        : base(entry is null ? $"the archive is unusable at byte {offset}: {reason}" : $"the archive is unusable at byte {offset}, entry '{entry}': {reason}", innerException)
    {
        Offset = offset;
        Entry = entry;
    }

    public long Offset { get; }

    public string? Entry { get; }
}
