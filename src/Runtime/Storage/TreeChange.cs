using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Storage;

/// <summary>What became of a name in a tree.</summary>
public enum TreeChangeKind
{
    /// <summary>It was not there before.</summary>
    Added,

    /// <summary>It is something else, its content or attributes are others, or it is a directory with changes below it.</summary>
    Changed,

    /// <summary>It is gone, and what was below it too, which is not told apart.</summary>
    Deleted,
}

/// <summary>One difference between two trees.</summary>
/// <param name="Path">Absolute, as the tree has it.</param>
public readonly record struct TreeChange(TreeChangeKind Kind, UnixPath Path)
{
    /// <summary>Whether it is told for itself, and not only because a directory on the way to something that is.</summary>
    public bool IsOwn { get; init; }

    /// <summary>The letter by which <c>diff</c> tells it: A, C or D.</summary>
    public char Letter => Kind switch { TreeChangeKind.Added => 'A', TreeChangeKind.Changed => 'C', _ => 'D' };
}
