using System.Collections.Immutable;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Copying;

/// <summary>Says why a tree has no such source, and what its author may have meant.</summary>
internal static class MissingSource
{
    /// <summary>How many names are looked at for a file that lies elsewhere: a message is not worth a walk through everything.</summary>
    private const int MostNames = 20_000;

    /// <param name="source">As it is written.</param>
    /// <param name="path">Relative to the root of the tree.</param>
    public static KleeneException Explain(SourceTree origin, string source, UnixPath path)
    {
        if (origin.Root.TryStat(path, followLink: true) is not null)
        {
            var decision = origin.Ignore.Decide(path) is { IsIgnored: true } own ? own : origin.Ignore.Decide(origin.Root.RealPath(path));
            return decision.Rule is not { } rule
                ? new KleeneException($"'{source}' cannot be copied: it is a socket")
                : new KleeneException($"'{source}' is left out of {origin.Description} by '{rule.Text}' ({rule.Place}); take that rule away or add '!{path.ToDisplay()}' below it");
        }

        if (origin.Root.TryStat(path, followLink: false) is not null)
        {
            return new KleeneException($"'{source}' is a link in {origin.Description} that leads nowhere: '{origin.Root.ReadLink(path).ToDisplay()}'");
        }

        var missing = $"there is no '{source}' in {origin.Description} '{origin.Root.HostPath}'";
        if ((NearestName(origin, path) ?? SameNameElsewhere(origin, path)) is not { } nearest)
        {
            return new KleeneException(missing);
        }

        return new KleeneException(origin.Ignore.Decide(nearest).Rule is { IsException: false } hiding
            ? $"{missing}; '{nearest.ToDisplay()}' is left out by '{hiding.Text}' ({hiding.Place})"
            : $"{missing}; did you mean '{nearest.ToDisplay()}'?");
    }

    /// <summary>The path with its first wrong component replaced by the name that looks most like it; what is not ignored comes first.</summary>
    private static UnixPath? NearestName(SourceTree origin, UnixPath path)
    {
        var directory = UnixPath.Empty;
        foreach (var range in path.Bytes.Split((byte)'/'))
        {
            var component = UnixPath.FromBytes(path.Bytes[range]);
            if (origin.Root.TryStat(directory / component, followLink: true) is not null)
            {
                directory /= component;
                continue;
            }

            if (origin.Root.TryStat(directory, followLink: true) is not { IsDirectory: true })
            {
                return null;
            }

            var names = origin.Root.List(directory).ToLookup(name => origin.Ignore.Decide(directory / name).IsIgnored, name => name.ToString());
            var nearest = Suggestion.Nearest(component.ToString(), names[false]) ?? Suggestion.Nearest(component.ToString(), names[true]);
            return nearest is null ? default(UnixPath?) : directory / nearest;
        }

        return null;
    }

    /// <summary>The file or directory of that very name that lies least deep.</summary>
    private static UnixPath? SameNameElsewhere(SourceTree origin, UnixPath path)
    {
        var waiting = new Queue<UnixPath>([UnixPath.Empty]);
        var left = MostNames;
        while (waiting.TryDequeue(out var directory))
        {
            foreach (var name in Names(origin, directory))
            {
                var found = directory / name;
                if (left-- == 0)
                {
                    return null;
                }

                if (name == path.Name && !origin.Ignore.Decide(found).IsIgnored)
                {
                    return found;
                }

                if (origin.Root.TryStat(found, followLink: false) is { IsDirectory: true })
                {
                    waiting.Enqueue(found);
                }
            }
        }

        return null;
    }

    /// <summary>None where we may not look: the message is about something else.</summary>
    private static ImmutableArray<UnixPath> Names(SourceTree origin, UnixPath directory)
    {
        try
        {
            return origin.Root.List(directory);
        }
        catch (FileOperationException)
        {
            return [];
        }
    }
}
