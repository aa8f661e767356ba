using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Archives;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Copying;

/// <summary>Unpacks the archives among the sources of an ADD into its destination, which is a directory then, whatever its name.</summary>
internal sealed class ArchiveUnpacker(CopyTarget target, CancellationToken cancellationToken)
{
    private readonly ArchiveExtractor extractor = new(ExtractionLimits.Default);

    /// <summary>False for a file that is no archive: it is to be copied.</summary>
    /// <param name="origin">The tree that holds the file.</param>
    /// <param name="path">Without links.</param>
    /// <param name="name">What messages call the file.</param>
    /// <exception cref="KleeneException">The archive is damaged, or what it holds cannot be made.</exception>
    public bool TryUnpack(RootedDirectory origin, UnixPath path, string name)
    {
        if (origin.Stat(path, followLink: false).Kind != FileKind.Regular || !ArchiveProbe.IsArchive(Open(origin, path)))
        {
            return false;
        }

        using var directory = target.Tree.Enter(target.MakeDirectoryForArchive());
        try
        {
            extractor.Extract(Open(origin, path), directory, new ExtractionManner { Merges = true, Owner = target.Owner }, cancellationToken);
        }
        catch (ArchiveException exception)
        {
            throw new KleeneException($"cannot unpack '{name}': {exception.Message}; '--unpack=false' copies it as it is", exception);
        }

        return true;
    }

    private static FileStream Open(RootedDirectory origin, UnixPath path) => new(origin.OpenRead(path), FileAccess.Read, bufferSize: 0);
}
