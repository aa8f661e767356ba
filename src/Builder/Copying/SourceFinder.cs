using Kleene.Build.Builder.Contexts;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Copying;

/// <summary>Turns one source of a COPY into the files and directories it stands for.</summary>
internal sealed class SourceFinder(SourceTree origin, SourceLookup lookup)
{
    private const string Pivot = "/./";

    /// <summary>What is there of that name or pattern. A pattern may match nothing; a name must be there, unless it may be missing.</summary>
    public IEnumerable<CopySource> Find(string source) => lookup.KeepsParents ? FindBelowPivot(source) : FindPath(source, source);

    private IEnumerable<CopySource> FindPath(string path, string written)
    {
        // The root is the highest that can be named: "../x" and "/x" are "x".
        UnixPath clean = CleanPath.Inside(path);
        if (!PathPattern.HasWildcard(clean.Bytes))
        {
            return TryFind(clean) is { } found ? [found] : lookup.MayBeMissing ? [] : throw MissingSource.Explain(origin, written, clean);
        }

        if (!PathPattern.IsValid(clean.Bytes))
        {
            throw new KleeneException($"'{written}' is not a pattern; close its '[' or write '\\' before what stands for itself");
        }

        return Expand(clean);
    }

    /// <summary>The directories that the part before the pivot names, each with only what the part behind it matches, by the rules of ignore files.</summary>
    private IEnumerable<CopySource> FindBelowPivot(string source)
    {
        var pivot = source.IndexOf(Pivot, StringComparison.Ordinal);
        var (above, below) = pivot < 0 ? ("", source) : (source[..pivot], source[(pivot + Pivot.Length)..]);
        var kept = CleanPath.Inside(below);
        if (!PathPattern.HasWildcard(((UnixPath)above).Bytes) && !PathPattern.HasWildcard(((UnixPath)kept).Bytes))
        {
            UnixPath whole = CleanPath.Inside($"{above}/{kept}");
            if (TryFind(whole) is null)
            {
                return lookup.MayBeMissing ? [] : throw MissingSource.Explain(origin, source, whole);
            }
        }

        // What is left out and then taken back is all that is taken.
        var only = kept.Length == 0 ? null : IgnoreFile.Of("--parents", ["**", $"!{kept}"]);
        return FindPath(above, source).Select(directory => directory with { Only = only });
    }

    private List<CopySource> Expand(UnixPath pattern)
    {
        var matches = new List<UnixPath> { UnixPath.Empty };
        var isFirstPattern = true;
        foreach (var range in pattern.Bytes.Split((byte)'/'))
        {
            var component = UnixPath.FromBytes(pattern.Bytes[range]);
            if (isFirstPattern && !PathPattern.HasWildcard(component.Bytes))
            {
                // Up to the first wildcard the path is a name, and links in it are followed.
                matches = [matches[0] / component];
                continue;
            }

            matches = [.. matches.SelectMany(directory => Match(directory, component, followLink: isFirstPattern))];
            isFirstPattern = false;
        }

        return [.. matches.Select(TryFind).OfType<CopySource>()];
    }

    private IEnumerable<UnixPath> Match(UnixPath directory, UnixPath component, bool followLink) =>
        origin.Root.TryStat(directory, followLink) is { IsDirectory: true }
            ? origin.Root.List(directory).Where(name => PathPattern.Matches(component.Bytes, name.Bytes)).Select(name => directory / name)
            : [];

    /// <summary>Null when it is not there, or not to be seen.</summary>
    private CopySource? TryFind(UnixPath path)
    {
        if (origin.Root.TryStat(path, followLink: true) is not { } status)
        {
            return null;
        }

        var realPath = origin.Root.RealPath(path);
        var isReached = path == realPath || !origin.Ignore.Decide(path).IsIgnored;
        return isReached && IsVisible(realPath, status.IsDirectory) && status.Kind is not (FileKind.Socket or FileKind.Unknown)
            ? new CopySource(path, realPath, status.IsDirectory)
            : null;
    }

    /// <summary>Not ignored, or a directory that holds something that is not.</summary>
    private bool IsVisible(UnixPath path, bool isDirectory) =>
        !origin.Ignore.Decide(path).IsIgnored || (isDirectory && origin.Ignore.FilterAt(path) is { } filter && HoldsAnything(path, filter));

    private bool HoldsAnything(UnixPath directory, ITreeFilter filter)
    {
        foreach (var name in origin.Root.List(directory))
        {
            var path = directory / name;
            var isDirectory = origin.Root.TryStat(path, followLink: false) is { IsDirectory: true };
            var verdict = filter.Judge(name.Bytes, isDirectory);
            if (verdict == TreeVerdict.Include
                || (verdict == TreeVerdict.Descend && isDirectory && filter.Enter(name.Bytes) is { } below && HoldsAnything(path, below)))
            {
                return true;
            }
        }

        return false;
    }
}
