using System.Collections.Immutable;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Explaining;

/// <summary>An input of a key that is other than before.</summary>
public sealed record InputChange
{
    /// <summary>The field: <c>argv</c>, <c>env</c>, <c>files</c>, …</summary>
    public required string Name { get; init; }

    /// <summary>What of the field: the name of a variable, the tree that files are in; empty where the field is one thing.</summary>
    public string Item { get; init; } = "";

    /// <summary>Null when it was not there.</summary>
    public string? Before { get; init; }

    /// <summary>Null when it is not there any more.</summary>
    public string? After { get; init; }

    /// <summary>Where the value is from; that before when it is gone. Null where that is not known or the step itself says it.</summary>
    public InputOrigin? Origin { get; init; }

    /// <summary>Whether the command mentions the variable; null for what is none. A program that it starts may read it all the same.</summary>
    public bool? IsMentioned { get; init; }

    /// <summary>The files that are other; empty when it is about something else, or their lists are not known.</summary>
    public ImmutableArray<FileDifference> Files { get; init; } = [];

    /// <summary>Whether it is about files of a directory of the caller's.</summary>
    public bool IsOfFiles { get; init; }
}
