using System.Text.RegularExpressions;

namespace Kleene.Build.Runtime.Images;

/// <summary>
/// How a person names an image: <c>name[:tag][@snapshot]</c>, where an id or the beginning of one may stand for name and tag, and the
/// snapshot enters the image part-way.
/// </summary>
public sealed partial record ImageReference(string Name, string Tag, string? Snapshot)
{
    public const string DefaultTag = "latest";

    /// <summary>Whether the tag was written, so that the name cannot be an id.</summary>
    public bool HasTag { get; init; }

    /// <exception cref="MalformedReferenceException">The text is not a reference.</exception>
    public static ImageReference Parse(string text) =>
        TryParse(text, out var reference)
            ? reference
            : throw new MalformedReferenceException(text);

    public static bool TryParse(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ImageReference? reference)
    {
        var match = Form().Match(text);
        reference = match.Success
            ? new ImageReference(
                match.Groups["name"].Value,
                match.Groups["tag"].Success ? match.Groups["tag"].Value : DefaultTag,
                match.Groups["snapshot"].Success ? match.Groups["snapshot"].Value : null)
            { HasTag = match.Groups["tag"].Success }
            : null;
        return match.Success;
    }

    public override string ToString() => Snapshot is null ? $"{Name}:{Tag}" : $"{Name}:{Tag}@{Snapshot}";

    // The name may begin with a registry's host and port; a tag is what distribution/reference allows.
    [GeneratedRegex(@"^(?<name>[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]+(?=/))?(/[A-Za-z0-9][A-Za-z0-9._-]*)*)(:(?<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(@(?<snapshot>[a-z0-9]+))?\z")]
    private static partial Regex Form();
}

/// <summary>What stands for an image cannot be the name of one.</summary>
public sealed class MalformedReferenceException(string text)
    : KleeneException($"'{text}' is not an image reference; write name[:tag][@snapshot] with letters, digits and . _ - / in the name");
