using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Copying;

/// <summary>How a COPY wants its files to look in the image; what it says nothing about is as in the source, and the superuser's.</summary>
public sealed record CopyManner
{
    /// <summary><c>user[:group]</c>, in names of the image or numbers; empty is 0:0.</summary>
    public string Owner { get; init; } = "";

    /// <summary>Directories that are made for the destination get it too, when it is octal.</summary>
    public ModeChange? Mode { get; init; }

    /// <summary>Whether links in the image that are on the way to the destination, or in it, are replaced instead of followed: <c>--link</c>.</summary>
    public bool ReplacesLinks { get; init; }

    internal PermissionRule? Permissions => Mode is { } mode ? mode.Apply : null;

    internal static CopyManner Of(BuildStep.Copy step) => new()
    {
        Owner = step.Owner,
        ReplacesLinks = step.IsLinked,
        Mode = step.Mode.Length == 0 ? null : ModeChange.TryParse(step.Mode) ?? throw new ArgumentException($"'{step.Mode}' is no mode", nameof(step)),
    };
}
