using System.Collections.Immutable;

namespace Kleene.Build.Parser;

/// <summary>What stands behind a name that the caller gave a tree: <c>--build-context NAME=...</c>.</summary>
public abstract record NamedContext
{
    private NamedContext()
    {
    }

    /// <summary>Files that the caller holds: a directory.</summary>
    public sealed record Files : NamedContext;

    /// <summary>An image, which takes the place of whatever the name would mean.</summary>
    public sealed record Image(string Reference) : NamedContext;
}

/// <summary>The trees that the caller gave names to. A name means its tree wherever a file names an image or a stage.</summary>
public sealed class NamedContexts
{
    private readonly ImmutableDictionary<string, NamedContext> contexts;

    private NamedContexts(ImmutableDictionary<string, NamedContext> contexts) => this.contexts = contexts;

    public static NamedContexts Empty { get; } = new(ImmutableDictionary<string, NamedContext>.Empty);

    public IEnumerable<string> Names => contexts.Keys;

    /// <summary>Adds a tree; of two with one name the later counts.</summary>
    public NamedContexts With(string name, NamedContext context) => new(contexts.SetItem(Familiar(name), context));

    /// <summary>Null when the name is not one of these.</summary>
    public NamedContext? Find(string name) => contexts.GetValueOrDefault(Familiar(name));

    /// <summary>What all ways to write a name come to: in lower case, without Docker's own registry and without the tag that is meant anyway.</summary>
    public static string Familiar(string name)
    {
        var text = name.ToLowerInvariant();
        foreach (var prefix in (string[])["docker.io/", "index.docker.io/", "library/"])
        {
            text = text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text;
        }

        return text.EndsWith(":latest", StringComparison.Ordinal) ? text[..^":latest".Length] : text;
    }
}
