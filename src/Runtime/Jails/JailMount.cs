namespace Kleene.Build.Runtime.Jails;

/// <summary>Something that is mounted in a jail: a directory or file of the host, or fresh memory.</summary>
/// <param name="Source">Absolute path on the host; empty for memory, and for a volume that has yet to be found.</param>
/// <param name="Destination">Absolute path in the jail; made when missing, and resolved inside the jail's root.</param>
/// <remarks>As in a container's specification, the accessors give what a stored one lacks.</remarks>
public sealed record JailMount(string Source, string Destination, bool ReadOnly = false)
{
    /// <summary>The name of the volume that it is; empty where it is none.</summary>
    public string Volume { get; init => field = value ?? ""; } = "";

    /// <summary>Whether that volume was named by nobody: it is its container's, and may go with it.</summary>
    public bool IsAnonymous { get; init; }

    /// <summary>Whether a new volume stays empty, whatever the tree has where it is mounted.</summary>
    public bool StartsEmpty { get; init; }

    /// <summary>Whether it is an empty tmpfs that ends with the jail.</summary>
    public bool IsMemory { get; init; }

    /// <summary>Whether its files show the owners that they have, in a jail with users of its own; otherwise they are nobody's there.</summary>
    public bool MapsOwners { get; init; }

    /// <summary>The most that a tmpfs may hold; null is what the kernel allows by itself (tmpfs(5): half of the memory).</summary>
    public long? SizeBytes { get; init; }

    /// <summary>The twelve bits of a tmpfs's root; null is 1777, as /tmp has.</summary>
    public uint? Permissions { get; init; }

    /// <summary>Whether no program in a tmpfs can be executed.</summary>
    public bool RefusesExecution { get; init; }

    /// <summary>An empty tmpfs.</summary>
    public static JailMount Memory(string destination, long? sizeBytes) => new("", destination) { IsMemory = true, SizeBytes = sizeBytes };
}
