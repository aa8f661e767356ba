namespace Kleene.Build.Runtime.Files;

/// <summary>What becomes of a name that a walk comes to.</summary>
public enum TreeVerdict
{
    /// <summary>It belongs to the tree.</summary>
    Include,

    /// <summary>A directory that does not belong to the tree by itself, but does when something below it does.</summary>
    Descend,

    /// <summary>Neither it nor anything below it belongs to the tree.</summary>
    Exclude,
}

/// <summary>Decides about the names in one directory. Unchanging: asked by several threads at once.</summary>
public interface ITreeFilter
{
    /// <param name="name">One component, without NUL.</param>
    TreeVerdict Judge(ReadOnlySpan<byte> name, bool isDirectory);

    /// <summary>The filter for the names in a directory of this one that was not excluded; null lets everything pass.</summary>
    ITreeFilter? Enter(ReadOnlySpan<byte> name);
}
