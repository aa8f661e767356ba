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

    /// <exception cref="KleeneException">Some of them do not exist here; all are named.</exception>
    public static BaseImages Find(BuildPlan plan, ImageStore images)
    {
        var found = new BaseImages();
        var errors = new List<string>();
        foreach (var (reference, place) in plan.Stages.Where(stage => stage.IsReachable).SelectMany(References).DistinctBy(used => used.Reference))
        {
            try
            {
                found.entries.Add(reference, images.Find(reference));
            }
            catch (KleeneException exception)
            {
                errors.Add($"{place}: {exception.Message}");
            }
        }

        return errors.Count == 0 ? found : throw new KleeneException(string.Join('\n', errors));
    }

    private static IEnumerable<(string Reference, string Place)> References(PlannedStage stage) =>
        (stage.Base is StageBase.Image image ? [(image.Reference, stage.Place)] : Enumerable.Empty<(string, string)>())
        .Concat(stage.Steps.SelectMany(step => step.Origins.OfType<TreeOrigin.Image>().Select(image => (image.Reference, step.Place))));
}
