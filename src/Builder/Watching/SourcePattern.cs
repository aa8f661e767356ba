using System.Collections.Immutable;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Watching;

/// <summary>
/// One source of a COPY or a mount, as a way through a context: at each of its components a name decides how it goes on, and all that is below its end belongs to it. What is not there
/// yet is waited for where the way ends today.
/// </summary>
/// <param name="components">Names, or patterns of COPY.</param>
internal sealed class SourcePattern(ImmutableArray<UnixPath> components, bool isLiteral)
{
    private const string Pivot = "/./";

    /// <param name="keepsParents">Whether the source may have patterns of ignore files: then everything is taken for read that is below the part without wildcards.</param>
    public static SourcePattern OfCopy(string source, bool keepsParents)
    {
        var pivot = keepsParents ? source.IndexOf(Pivot, StringComparison.Ordinal) : -1;
        var (above, below) = pivot < 0 ? ("", source) : (source[..pivot], source[(pivot + Pivot.Length)..]);
        var parts = Split(above).AddRange(Split(below));
        var wild = keepsParents ? parts.ToList().FindIndex(part => PathPattern.HasWildcard(part.Bytes)) : -1;
        return new SourcePattern(wild < 0 ? parts : parts[..wild], isLiteral: false);
    }

    /// <summary>The source of a mount has no wildcards.</summary>
    public static SourcePattern OfMount(string source) => new(Split(source), isLiteral: true);

    /// <summary>The directories on the way and below its end, each with what names there are of interest.</summary>
    public IEnumerable<(UnixPath Directory, Predicate<UnixPath> Interest)> InterestsIn(BuildContext context, IgnoreFile excluded)
    {
        List<UnixPath> here = [UnixPath.Empty];
        for (var i = 0; i < components.Length; i++)
        {
            var (component, isLast) = (components[i], i == components.Length - 1);
            var next = new List<UnixPath>();
            foreach (var directory in here)
            {
                yield return (directory, name => Matches(component, name) && (!isLast || !IsIgnored(context, directory / name)));
                foreach (var found in Find(context, directory, component))
                {
                    // A link is read where it leads to.
                    var real = context.Files.Root.RealPath(found);
                    if (context.Files.Root.TryStat(real, followLink: false) is { IsDirectory: true })
                    {
                        next.Add(real);
                    }
                    else if (isLast && real != found)
                    {
                        yield return (real.Parent, name => name == real.Name);
                    }
                }
            }

            here = next;
        }

        foreach (var root in here)
        {
            foreach (var directory in Below(context, root, context.Ignore.FilterAt(root)))
            {
                yield return (directory, name => !IsIgnored(context, directory / name) && !excluded.Decide(Relative(root, directory / name)).IsIgnored);
            }
        }
    }

    private bool Matches(UnixPath component, UnixPath name) => isLiteral || !PathPattern.HasWildcard(component.Bytes) ? component == name : PathPattern.Matches(component.Bytes, name.Bytes);

    private IEnumerable<UnixPath> Find(BuildContext context, UnixPath directory, UnixPath component)
    {
        var root = context.Files.Root;
        var candidates = isLiteral || !PathPattern.HasWildcard(component.Bytes)
            ? [directory / component]
            : root.List(directory).Where(name => PathPattern.Matches(component.Bytes, name.Bytes)).Select(name => directory / name);
        return candidates.Where(path => root.TryStat(path, followLink: true) is not null);
    }

    private static IEnumerable<UnixPath> Below(BuildContext context, UnixPath directory, ITreeFilter? filter)
    {
        yield return directory;
        foreach (var name in context.Files.Root.List(directory))
        {
            var path = directory / name;
            if (context.Files.Root.TryStat(path, followLink: false) is { IsDirectory: true } && filter?.Judge(name.Bytes, isDirectory: true) is not TreeVerdict.Exclude)
            {
                foreach (var below in Below(context, path, filter?.Enter(name.Bytes)))
                {
                    yield return below;
                }
            }
        }
    }

    /// <summary>An ignored directory may hold what a later rule takes back. It is asked by name: the context may have been closed since.</summary>
    private static bool IsIgnored(BuildContext context, UnixPath path) =>
        context.Ignore.Decide(path).IsIgnored
        && !(context.Ignore.Rules.Any(rule => rule.IsException) && Directory.Exists($"{context.Directory}/{path}"));

    private static UnixPath Relative(UnixPath root, UnixPath path) => root.IsEmpty ? path : UnixPath.FromBytes(path.Bytes[(root.Bytes.Length + 1)..]);

    private static ImmutableArray<UnixPath> Split(string source) =>
        [.. CleanPath.Inside(source).Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").Select(UnixPath.FromText)];
}
