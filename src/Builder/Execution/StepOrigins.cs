using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>A tree that a step reads beside its parent.</summary>
/// <param name="Snapshot">Null is the empty tree.</param>
/// <param name="Key">Of the step or image that made it.</param>
internal readonly record struct OriginTree(SnapshotId? Snapshot, string Key);

/// <summary>The trees that a step reads beside its parent, once they are there. Those of the context are not among them.</summary>
internal sealed class StepOrigins(IReadOnlyDictionary<TreeOrigin, OriginTree> trees)
{
    public static StepOrigins None { get; } = new(new Dictionary<TreeOrigin, OriginTree>());

    public OriginTree this[TreeOrigin origin] => trees.GetValueOrDefault(origin);
}
