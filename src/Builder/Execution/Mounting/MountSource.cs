using Kleene.Build.Builder.Copying;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution.Mounting;

/// <summary>Where the files of a mount come from.</summary>
internal abstract record MountSource
{
    private MountSource()
    {
    }

    /// <summary>Names the source among those of a build: equal keys are equal files.</summary>
    public abstract string Key { get; }

    /// <summary>Files of a context, as they were when the step's key was made.</summary>
    public sealed record Files(CopyPlan Plan, string Digest) : MountSource
    {
        public override string Key => $"files {Digest}";
    }

    /// <summary>A snapshot.</summary>
    /// <param name="Snapshot">Null is the empty tree.</param>
    /// <param name="TreeKey">Of the step or image that made it.</param>
    /// <param name="Description">What messages call it.</param>
    public sealed record Tree(SnapshotId? Snapshot, string TreeKey, string Description) : MountSource
    {
        public override string Key => $"tree {TreeKey}";
    }
}
