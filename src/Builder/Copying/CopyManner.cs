using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Copying;

/// <summary>How a COPY wants its files to look in the image; what it says nothing about is as in the source, and the superuser's.</summary>
public sealed record CopyManner
{
    /// <summary><c>user[:group]</c>, in names of the image or numbers; empty keeps what the tree that is copied from says, which for a context is 0:0.</summary>
    public string Owner { get; init; } = "";

    /// <summary>Directories that are made for the destination get it too, when it is octal.</summary>
    public ModeChange? Mode { get; init; }

    /// <summary>
    /// Whether it is as if the files were copied into an empty tree that is then laid over the image: <c>--link</c>. What is in the
    /// way of a name gives way to it, links are not followed, and directories on the way become those that would have been made.
    /// </summary>
    public bool LiesOver { get; init; }

    /// <summary>Whether a directory is copied into a destination that is there, and not only what is in it.</summary>
    public bool KeepsDirectories { get; init; }

    /// <summary>Whether files that are archives are unpacked instead of copied.</summary>
    public bool Unpacks { get; init; }

    internal PermissionRule? Permissions => Mode is { } mode ? mode.Apply : null;

    /// <summary>What mkdir(2) is given for the directories that are made on the way.</summary>
    internal uint DirectoryPermissions => Mode?.Octal is { } octal ? octal & PermissionBits.Access : PermissionBits.Directory;

    internal static CopyManner Of(BuildStep.Copy step) => new()
    {
        Owner = step.Owner,

        // BuildKit copies in the plain way as soon as a mode is asked for.
        LiesOver = step.IsLinked && step.Mode.Length == 0,
        KeepsDirectories = step.KeepsDirectories,
        Unpacks = step.Add is { } add && add.Unpacks != false,
        Mode = step.Mode.Length == 0 ? null : ModeChange.TryParse(step.Mode) ?? throw new ArgumentException($"'{step.Mode}' is no mode", nameof(step)),
    };
}
