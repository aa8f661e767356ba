using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>What a symbolic link in a path means.</summary>
internal enum LinkRule
{
    /// <summary>It is followed as if the root were <c>/</c>.</summary>
    InsideRoot,

    /// <summary>It is refused: for paths that a walk found to be real directories.</summary>
    Refuse,
}

/// <summary>Finds directories by paths that somebody hostile may have written or prepared, without ever leaving a root.</summary>
internal interface IDirectoryResolver
{
    /// <summary>Opens a directory for reading and as a base of further calls; null with the reason in errno.</summary>
    /// <param name="root">What <c>/</c> is, and what <c>..</c> does not go above.</param>
    SafeFileHandle? Open(SafeFileHandle root, UnixPath path, LinkRule links);
}
