using System.Diagnostics;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Archives;

/// <summary>
/// Unpacks tar archives, packed or not, into a directory that they cannot leave. Owners, modes, times, links, devices and extended
/// attributes are kept as the archive has them. Knows nothing of images or layers.
/// </summary>
public sealed class ArchiveExtractor(ExtractionLimits limits)
{
    /// <summary>Unpacks an archive. When it fails, what was made so far is left for the caller to remove.</summary>
    /// <param name="archive">Read to its end and disposed of.</param>
    /// <param name="rootPath">An existing directory, best an empty one.</param>
    /// <param name="cancellationToken">Checked at each entry and each chunk of data.</param>
    /// <exception cref="ArchiveException">The archive is damaged, too large, or asks for what no file system has.</exception>
    /// <exception cref="KleeneException">The machine refused, for instance because the disk is full.</exception>
    public Task<ExtractionResult> ExtractAsync(Stream archive, string rootPath, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(
            () => ExtractFresh(archive, rootPath, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>The same into any directory, on the thread that asks.</summary>
    /// <param name="archive">Read to its end and disposed of.</param>
    /// <param name="root">What the archive takes for its root.</param>
    /// <param name="manner">What becomes of what is there, and of the owners.</param>
    /// <param name="cancellationToken">Checked at each entry and each chunk of data.</param>
    /// <exception cref="ArchiveException">As above.</exception>
    /// <exception cref="KleeneException">As above.</exception>
    public ExtractionResult Extract(Stream archive, RootedDirectory root, ExtractionManner manner, CancellationToken cancellationToken)
    {
        using var opened = archive;
        using var stream = new ReadAheadStream(Decompression.Open(archive), limits.Bytes, cancellationToken);
        using var writer = new TreeWriter(root, manner);

        var reader = new TarReader(stream);
        var entries = 0L;
        while (reader.ReadEntry() is { } entry)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (++entries > limits.Entries)
            {
                throw new ArchiveException($"it has more than {limits.Entries} entries, which is the limit", entry.Offset, entry.DisplayName);
            }

            writer.Write(entry, reader);
        }

        writer.Finish();
        return new ExtractionResult(stream.Digest ?? throw new UnreachableException(), entries, stream.BytesRead, writer.XattrsLost);
    }

    private ExtractionResult ExtractFresh(Stream archive, string rootPath, CancellationToken cancellationToken)
    {
        using var root = RootedDirectory.Open(rootPath);
        return Extract(archive, root, ExtractionManner.Fresh, cancellationToken);
    }
}
