namespace Kleene.Build.Runtime.Archives;

/// <summary>Tells archives from other files by what is in them.</summary>
public static class ArchiveProbe
{
    /// <summary>
    /// Whether a file, packed or not, begins with an entry of a tar archive. What is packed and no archive, empty, or damaged from the
    /// start is none. What is damaged further on is one, and shows when it is unpacked.
    /// </summary>
    /// <param name="file">Disposed of.</param>
    /// <exception cref="KleeneException">The library that unpacks it is not installed.</exception>
    public static bool IsArchive(Stream file)
    {
        using var opened = file;
        try
        {
            using var stream = Decompression.Open(file);
            return new TarReader(stream).ReadEntry() is not null;
        }
        catch (ArchiveException)
        {
            return false;
        }
    }
}
