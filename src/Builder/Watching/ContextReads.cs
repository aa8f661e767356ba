using Kleene.Build.Builder.Contexts;
using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Builder.Watching;

/// <summary>What a plan reads of its contexts, by directories to look out in: which they are now, and whether something that happens to a name in one of them can change the build.</summary>
public sealed class ContextReads
{
    private readonly Dictionary<string, List<Predicate<string>>> interests = new(StringComparer.Ordinal);

    private ContextReads()
    {
    }

    /// <summary>Absolute paths on the host.</summary>
    public IReadOnlyCollection<string> Directories => interests.Keys;

    /// <summary>Whether a name in one of the directories is of a file that is read, or would be if it were there; what is ignored is not.</summary>
    public bool Concern(string directory, string name) => interests.TryGetValue(directory, out var asked) && asked.Exists(interest => interest(name));

    /// <summary>Looks at the contexts as they are now.</summary>
    internal static ContextReads Of(BuildPlan plan, BuildRequest request)
    {
        var reads = new ContextReads();
        foreach (var step in plan.Stages.Where(stage => stage.IsReachable).SelectMany(stage => stage.Steps))
        {
            switch (step)
            {
                case BuildStep.Copy copy when request.ContextAt(copy.From) is { } context:
                    foreach (var source in copy.Sources)
                    {
                        reads.Add(context, SourcePattern.OfCopy(source, copy.KeepsParents), IgnoreFile.Of("--exclude", copy.Exclude));
                    }

                    break;
                case BuildStep.Run run:
                    foreach (var (origin, source) in run.Mounts.Select(Source).OfType<(TreeOrigin, string)>())
                    {
                        if (request.ContextAt(origin) is { } mounted)
                        {
                            reads.Add(mounted, SourcePattern.OfMount(source), IgnoreFile.Empty);
                        }
                    }

                    break;
            }
        }

        return reads;
    }

    private static (TreeOrigin Origin, string Path)? Source(RunMount mount) => mount switch
    {
        RunMount.Bind bind => (bind.From, bind.Source),
        RunMount.Cache { From: { } origin } cache => (origin, cache.Source),
        _ => null,
    };

    private void Add(BuildContext context, SourcePattern pattern, IgnoreFile excluded)
    {
        foreach (var (directory, interest) in pattern.InterestsIn(context, excluded))
        {
            var path = directory.IsEmpty ? context.Directory : $"{context.Directory}/{directory}";
            if (!interests.TryGetValue(path, out var known))
            {
                interests.Add(path, known = []);
            }

            known.Add(name => interest(name));
        }
    }
}
