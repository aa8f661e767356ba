namespace Kleene.Build.Parser.Planning;

/// <summary>Where a step finds files that are not its own: the sources of a copy, what a command sees mounted.</summary>
public abstract record TreeOrigin
{
    private TreeOrigin()
    {
    }

    /// <summary>The build context.</summary>
    public sealed record Context : TreeOrigin;

    /// <summary>The last snapshot of an earlier stage.</summary>
    public sealed record Stage(int Index) : TreeOrigin;

    /// <summary>Files that the caller gave a name.</summary>
    /// <param name="Name">As <see cref="NamedContexts.Familiar"/> has it.</param>
    public sealed record Named(string Name) : TreeOrigin;

    /// <summary>Another image.</summary>
    public sealed record Image(string Reference) : TreeOrigin;
}
