using Kleene.Build.Parser.Planning;
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

    /// <exception cref="ImageNotFoundException">One of them does not exist here.</exception>
    public static BaseImages Find(BuildPlan plan, ImageStore images)
    {
        var found = new BaseImages();
        foreach (var stage in plan.Stages.Where(stage => stage.IsReachable))
        {
            if (stage.Base is StageBase.Image image)
            {
                found.Add(image.Reference, images);
            }

            foreach (var copy in stage.Steps.OfType<BuildStep.Copy>())
            {
                if (copy.From is CopyOrigin.Image origin)
                {
                    found.Add(origin.Reference, images);
                }
            }
        }

        return found;
    }

    private void Add(string reference, ImageStore images)
    {
        if (!entries.ContainsKey(reference))
        {
            entries.Add(reference, images.Find(reference));
        }
    }
}
