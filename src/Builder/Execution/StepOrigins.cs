using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>The trees that a step reads beside its parent, once they are there. Those of the context are not among them.</summary>
internal sealed class StepOrigins(IReadOnlyDictionary<TreeOrigin, SnapshotId?> trees)
{
    public static StepOrigins None { get; } = new(new Dictionary<TreeOrigin, SnapshotId?>());

    /// <summary>Null for the empty tree.</summary>
    public SnapshotId? this[TreeOrigin origin] => trees.GetValueOrDefault(origin);
}
