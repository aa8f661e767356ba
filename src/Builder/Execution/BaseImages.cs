using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Builder.Execution;

/// <summary>The images that a plan starts from and copies out of, found before anything runs.</summary>
internal sealed class BaseImages
{
    private readonly Dictionary<string, ImageEntry> entries = new(StringComparer.Ordinal);

    public ImageEntry this[string reference] => entries[reference];

    /// <summary>What the compiler has to know of them.</summary>
    public IReadOnlyDictionary<string, StageConfig> Configs =>
        entries.ToDictionary(entry => entry.Key, entry => StageConfigs.From(entry.Value.Config), StringComparer.Ordinal);

    /// <summary>The keys of their trees.</summary>
    public IEnumerable<string> Keys => entries.Values.Select(entry => entry.Key);

    /// <summary>Finds those that the plan names and that are not here yet; false when there were none.</summary>
    /// <exception cref="KleeneException">Some of them do not exist here; all are named.</exception>
    public bool AddFrom(BuildPlan plan, ImageStore images)
    {
        var before = entries.Count;
        var errors = new List<string>();
        var asked = new HashSet<string>(StringComparer.Ordinal);
        foreach (var stage in plan.Stages.Where(stage => stage.IsReachable))
        {
            foreach (var (reference, place) in References(stage))
            {
                if (entries.ContainsKey(reference) || !asked.Add(reference))
                {
                    continue;
                }

                try
                {
                    entries.Add(reference, images.Find(reference));
                }
                catch (KleeneException exception)
                {
                    errors.Add($"{place}: {exception.Message}");
                }
            }
        }

        return errors.Count == 0 ? entries.Count > before : throw new KleeneException(string.Join('\n', errors));
    }

    private static IEnumerable<(string Reference, string Place)> References(PlannedStage stage)
    {
        if (stage.Base is StageBase.Image start)
        {
            yield return (start.Reference, stage.Place);
        }

        foreach (var step in stage.Steps)
        {
            foreach (var image in step.Origins.OfType<TreeOrigin.Image>())
            {
                yield return (image.Reference, step.Place);
            }
        }
    }
}
