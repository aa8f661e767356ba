using System.Collections.Immutable;

namespace Kleene.Build.Runtime.Archives;

/// <summary>What an entry of a tar archive makes.</summary>
public enum TarEntryType
{
    File,
    HardLink,
    SymbolicLink,
    CharacterDevice,
    BlockDevice,
    Directory,
    Fifo,
}

/// <summary>One entry of a tar archive, as the archive has it: names are bytes, may be absolute and may climb.</summary>
public sealed record TarEntry
{
    public required TarEntryType Type { get; init; }

    public required ReadOnlyMemory<byte> Name { get; init; }

    /// <summary>The target of a symbolic link, or the name of the entry that a hard link shares its file with.</summary>
    public ReadOnlyMemory<byte> LinkName { get; init; }

    /// <summary>Permissions with the setuid, setgid and sticky bits: 07777 at most.</summary>
    public required int Mode { get; init; }

    public long UserId { get; init; }

    public long GroupId { get; init; }

    public TarTime ModifiedAt { get; init; }

    /// <summary>Bytes of data that follow the header. Only a file has any.</summary>
    public long Size { get; init; }

    public int DeviceMajor { get; init; }

    public int DeviceMinor { get; init; }

    public ImmutableArray<TarXattr> Xattrs { get; init; } = [];

    /// <summary>Where the entry's header is: bytes from the start of the tar stream.</summary>
    public required long Offset { get; init; }

    /// <summary>The name for a message.</summary>
    public string DisplayName => TarText.Display(Name.Span);
}

/// <summary>Seconds since 1970 and the nanoseconds that follow them (0 to 999,999,999).</summary>
public readonly record struct TarTime(long Seconds, int Nanoseconds = 0);

/// <summary>An extended attribute (xattr(7)); values are bytes.</summary>
public sealed record TarXattr(string Name, ReadOnlyMemory<byte> Value);
