namespace Kleene.Build.Runtime.Files;

/// <summary>Gives what is copied other permissions than its source has.</summary>
/// <param name="permissions">The twelve bits of the source.</param>
public delegate uint PermissionRule(uint permissions, bool isDirectory);

/// <summary>Permission bits that are given to what is made; C# has no octal numbers.</summary>
public static class PermissionBits
{
    /// <summary>0755: directories that a build makes.</summary>
    public const uint Directory = 0x1ed;

    /// <summary>0755: programs that a build makes.</summary>
    public const uint Executable = 0x1ed;

    /// <summary>0644: files that a build makes.</summary>
    public const uint File = 0x1a4;

    /// <summary>0777: what mkdir(2) sets.</summary>
    public const uint Access = 0x1ff;

    /// <summary>0200.</summary>
    internal const uint OwnerWrite = 0x80;

    /// <summary>0100.</summary>
    internal const uint OwnerExecute = 0x40;

    /// <summary>0700: a directory that is not complete.</summary>
    internal const uint PrivateDirectory = 0x1c0;

    /// <summary>0600: a file that is not complete.</summary>
    public const uint PrivateFile = 0x180;

    /// <summary>07777: what chmod(2) sets.</summary>
    internal const uint All = 0xfff;
}
