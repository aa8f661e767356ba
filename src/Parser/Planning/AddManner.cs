namespace Kleene.Build.Parser.Planning;

/// <summary>What only ADD can ask for.</summary>
public sealed record AddManner
{
    /// <summary>Whether archives are unpacked; null unpacks those of the context and leaves those that were fetched as they are.</summary>
    public bool? Unpacks { get; init; }

    /// <summary>What the one thing that is fetched has to be: <c>sha256:...</c> of a file, the beginning of a commit's id. Empty is anything.</summary>
    public string Checksum { get; init; } = "";

    /// <summary>Whether a git repository comes with its <c>.git</c>; null leaves it to the address.</summary>
    public bool? KeepsGitDirectory { get; init; }
}
