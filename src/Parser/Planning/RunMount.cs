namespace Kleene.Build.Parser.Planning;

/// <summary>What one command sees mounted, and nobody after it.</summary>
public abstract record RunMount
{
    private RunMount()
    {
    }

    /// <summary>Absolute; empty for a secret that is nothing but a variable.</summary>
    public string Target { get; init; } = "";

    /// <summary>The tree that is read; null when there is none.</summary>
    public virtual TreeOrigin? Origin => null;

    /// <summary>Files of the context, a stage or an image. What is written to them is lost.</summary>
    public sealed record Bind : RunMount
    {
        public TreeOrigin From { get; init; } = new TreeOrigin.Context();

        public override TreeOrigin Origin => From;

        /// <summary>A file or directory, relative to the origin's root; <c>.</c> is the root.</summary>
        public string Source { get; init; } = ".";

        public bool IsWritable { get; init; }
    }

    /// <summary>A directory that is kept for other commands and other builds.</summary>
    public sealed record Cache : RunMount
    {
        /// <summary>What those who mean the same directory call it.</summary>
        public required string Id { get; init; }

        /// <summary>Keeps the ids of one user of the machine from those of another; from the build argument BUILDKIT_CACHE_MOUNT_NS.</summary>
        public string Namespace { get; init; } = "";

        public CacheSharing Sharing { get; init; }

        /// <summary>What it holds at first; null is nothing.</summary>
        public TreeOrigin? From { get; init; }

        public override TreeOrigin? Origin => From;

        /// <summary>The directory of the origin that is its first content, or where there is no origin, the directory in it that is mounted.</summary>
        public string Source { get; init; } = ".";

        public bool IsReadOnly { get; init; }

        /// <summary>Of the directory when it is made.</summary>
        public MountAccess Access { get; init; } = MountAccess.Unsaid;
    }

    /// <summary>An empty directory in memory.</summary>
    public sealed record Tmpfs : RunMount
    {
        /// <summary>Null is the kernel's own bound.</summary>
        public long? SizeBytes { get; init; }

        public bool IsReadOnly { get; init; }
    }

    /// <summary>What the caller gives under an id, as a file, as a variable, or both.</summary>
    public sealed record Secret : RunMount
    {
        public required string Id { get; init; }

        /// <summary>Whether the command does not run without it.</summary>
        public bool IsRequired { get; init; }

        /// <summary>The name of the environment entry; empty when it is a file only.</summary>
        public string Variable { get; init; } = "";

        public MountAccess Access { get; init; } = MountAccess.Unsaid;
    }

    /// <summary>A socket behind which an SSH agent of the caller's answers.</summary>
    public sealed record Ssh : RunMount
    {
        public required string Id { get; init; }

        public bool IsRequired { get; init; }

        public MountAccess Access { get; init; } = MountAccess.Unsaid;
    }
}

/// <summary>What happens when two commands want one cache at the same time.</summary>
public enum CacheSharing
{
    /// <summary>Both have it.</summary>
    Shared,

    /// <summary>The second gets another one.</summary>
    Private,

    /// <summary>The second waits.</summary>
    Locked,
}

/// <summary>Who may do what with something that is mounted; null where nothing is said.</summary>
/// <param name="Mode">The twelve permission bits.</param>
public sealed record MountAccess(uint? Mode = null, uint? User = null, uint? Group = null)
{
    public static MountAccess Unsaid { get; } = new();
}
