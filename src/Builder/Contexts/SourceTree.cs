using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Contexts;

/// <summary>A tree that COPY takes files from: the build context with its ignore file, or a snapshot as it is.</summary>
public sealed class SourceTree(RootedDirectory root, IgnoreFile ignore, string description)
{
    public RootedDirectory Root { get; } = root;

    public IgnoreFile Ignore { get; } = ignore;

    /// <summary>Whether files keep the owners they have here: those of images do, those of the host mean nothing there.</summary>
    public bool KeepsOwners { get; init; }

    /// <summary>What messages call it: <c>the build context</c>, <c>stage 'build'</c>.</summary>
    public string Description { get; } = description;
}
