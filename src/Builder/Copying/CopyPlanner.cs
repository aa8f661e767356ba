using System.Collections.Immutable;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Copying;

/// <summary>Finds what the sources of a COPY name in its origin. Reads names only, and changes nothing.</summary>
public static class CopyPlanner
{
    /// <param name="origin">The context or a snapshot.</param>
    /// <param name="sources">As in the instruction, expanded: paths from the origin's root, with Go's wildcards.</param>
    /// <param name="destination">Absolute in the image; a trailing slash says that it is a directory.</param>
    /// <param name="exclude">Patterns as in an ignore file; a file is matched by its name, and what is in a directory by its path there.</param>
    /// <exception cref="KleeneException">A source is missing or ignored, or a pattern is not valid.</exception>
    public static CopyPlan Plan(SourceTree origin, ImmutableArray<string> sources, string destination, params IEnumerable<string> exclude) =>
        Plan(origin, sources, destination, exclude, SourceLookup.Plain);

    /// <summary>The same with what a COPY may say of how its sources are looked up.</summary>
    /// <exception cref="KleeneException">As above.</exception>
    public static CopyPlan Plan(
        SourceTree origin, ImmutableArray<string> sources, string destination, IEnumerable<string> exclude, SourceLookup lookup)
    {
        var finder = new SourceFinder(origin, lookup);
        var excluded = IgnoreFile.Of("--exclude", exclude);
        var found = sources.SelectMany(finder.Find).Where(source => source.IsDirectory || !excluded.Decide(source.Name).IsIgnored);
        return new CopyPlan(origin, excluded, [.. found], destination) { IsOneSource = sources.Length == 1 };
    }

    /// <summary>Whether the text alone says that the destination is a directory.</summary>
    internal static bool NamesDirectory(string destination) =>
        destination.EndsWith('/') || destination.EndsWith("/.", StringComparison.Ordinal) || destination is "." or "";
}
