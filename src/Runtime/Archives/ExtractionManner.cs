using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Archives;

/// <summary>How an archive is unpacked.</summary>
public sealed record ExtractionManner
{
    /// <summary>Into an empty directory that becomes what the archive says, its own attributes too.</summary>
    public static ExtractionManner Fresh { get; } = new();

    /// <summary>
    /// Into a tree that keeps what it has: directories are merged, anything else of an entry's name gives way to it, be it a directory
    /// with files in it, and the directory unpacked into stays as it is.
    /// </summary>
    public bool Merges { get; init; }

    /// <summary>
    /// Together with <see cref="Merges"/>: whether a directory that is there, or a link to one, is never replaced by anything else, nor
    /// anything else by a directory.
    /// </summary>
    public bool KeepsKinds { get; init; }

    /// <summary>Who owns every entry, whatever the archive says; null keeps the archive's owners.</summary>
    public FileOwner? Owner { get; init; }
}
