namespace Kleene.Build.Runtime.Fetching;

/// <summary>A tree in a git repository elsewhere.</summary>
public sealed record GitSource
{
    /// <summary>An address that git(1) takes.</summary>
    public required string Remote { get; init; }

    /// <summary>A branch, a tag, a name below <c>refs/</c> or a whole commit id; empty is what the repository itself checks out.</summary>
    public string Reference { get; init; } = "";

    /// <summary>The directory that is wanted, below the top; empty is all.</summary>
    public string Subdirectory { get; init; } = "";

    /// <summary>What the commit's id has to begin with; empty allows any.</summary>
    public string Checksum { get; init; } = "";

    /// <summary>Whether <c>.git</c> is part of what is checked out.</summary>
    public bool KeepsHistory { get; init; }

    public bool TakesSubmodules { get; init; } = true;

    /// <summary>Without the password that may stand in it.</summary>
    public string Shown =>
        Uri.TryCreate(Remote, UriKind.Absolute, out var address) && address.UserInfo.Contains(':', StringComparison.Ordinal)
            ? Remote.Replace($"{address.UserInfo}@", "", StringComparison.Ordinal)
            : Remote;
}
