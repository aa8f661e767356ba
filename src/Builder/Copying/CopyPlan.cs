using System.Collections.Immutable;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Builder.Copying;

/// <summary>What one COPY takes, found in its origin: made by <see cref="CopyPlanner"/>, carried out by <see cref="CopyExecutor"/>.</summary>
public sealed class CopyPlan
{
    private ulong? fingerprint;
    private TreeDigester? digester;

    internal CopyPlan(SourceTree origin, IgnoreFile exclude, ImmutableArray<CopySource> sources, string destination)
    {
        Exclude = exclude;
        Origin = origin;
        Sources = sources;
        Destination = destination;
    }

    public SourceTree Origin { get; }

    /// <summary>What the copy itself leaves out, relative to each of its sources.</summary>
    public IgnoreFile Exclude { get; }

    /// <summary>In the order they are copied. Empty when only wildcards were asked for and none matched: then nothing is done.</summary>
    public ImmutableArray<CopySource> Sources { get; }

    /// <summary>Absolute in the image; ends in a slash when it is to be a directory.</summary>
    public string Destination { get; }

    /// <summary>Whether only one source was written, be it a wildcard that matches many.</summary>
    public bool IsOneSource { get; init; }

    /// <summary>The directory whose contents are all that is copied; null when there is more, or something else.</summary>
    internal CopySource? OnlyDirectory => Sources is [{ IsDirectory: true } only] ? only : null;

    /// <summary>What its directories are called: a part of what is copied where they themselves are.</summary>
    public string DirectoryNames => string.Concat(Sources.Where(source => source.IsDirectory).Select(source => $" {source.Name.ToDisplay()}/"));

    /// <summary>Of the files as they were when the digest was made; null before. Tells whether what is copied later is what was hashed.</summary>
    internal ulong? Fingerprint => fingerprint;

    /// <summary>
    /// For the step's key: everything about the sources that reaches the image. Two plans with the same digest and destination make
    /// the same of the same parent. Needless when the origin is a snapshot whose own key is in the step's key, with the sources as written.
    /// </summary>
    public Digest ComputeDigest(IDigestCache? cache, CancellationToken cancellationToken)
    {
        digester = new TreeDigester(Origin.Root, cache, cancellationToken, keepsList: true);
        foreach (var source in Sources)
        {
            if (source.IsDirectory)
            {
                digester.AddContents(source.RealPath, FilterOf(source));
            }
            else
            {
                digester.AddFile(source.RealPath, source.Name);
            }
        }

        var digest = digester.Finish();
        fingerprint = digester.Fingerprint.Value;
        return digest;
    }

    /// <summary>What the digest was made of. Only when it has been.</summary>
    public FileList ListFiles() => (digester ?? throw new InvalidOperationException("the files of a copy were asked for before its digest")).List();

    /// <summary>The same with times, for a later copy to go by; null where that is not to be had: of archives, or where a file and a directory come to one place.</summary>
    internal TreeManifest? Manifest(CopyManner manner)
    {
        var placed = Placed(manner);
        var isPlain = placed.Length > 0
            && !(manner.Unpacks && placed.Any(source => !source.IsDirectory))
            && (OnlyDirectory is not null || !manner.KeepsDirectories || placed.All(source => !source.Place.IsEmpty));
        return isPlain ? digester?.Manifest([.. placed.Select(source => source.Place)]) : null;
    }

    /// <summary>Where everything goes, when the destination is a directory. What is in one directory goes into the one that <see cref="CopyExecutor"/> tells.</summary>
    internal ImmutableArray<PlacedSource> Placed(CopyManner manner) =>
    [
        .. Sources.Select(source => new PlacedSource(
            source.RealPath, source.IsDirectory && (OnlyDirectory is not null || !manner.KeepsDirectories) ? UnixPath.Empty : source.Name, source.IsDirectory)),
    ];

    /// <summary>What is told when the files are no longer what was hashed.</summary>
    internal FileChangedException Changed() =>
        new($"files in {Origin.Description} changed while they were being copied; build again when nothing writes to them");

    /// <summary>What of a directory is copied; null is all.</summary>
    internal ITreeFilter? FilterOf(CopySource source) =>
        BothFilters.Of(
            Origin.Ignore.FilterAt(source.RealPath),
            BothFilters.Of(Exclude.FilterAt(UnixPath.Empty), source.Only?.FilterAt(UnixPath.Empty)));
}

/// <summary>One file or directory that a COPY takes.</summary>
/// <param name="Path">As it was named or matched, relative to the origin's root.</param>
/// <param name="RealPath">Where that leads, links followed inside the root.</param>
/// <param name="IsDirectory">Then what is in it is copied, not it.</param>
public sealed record CopySource(UnixPath Path, UnixPath RealPath, bool IsDirectory)
{
    /// <summary>What of the directory is taken, as an ignore file that leaves out all else; null is all.</summary>
    public IgnoreFile? Only { get; init; }

    /// <summary>What a file is called in a destination that is a directory.</summary>
    public UnixPath Name => Path.Name;
}
