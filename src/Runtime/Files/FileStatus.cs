namespace Kleene.Build.Runtime.Files;

/// <summary>What a name in a directory stands for.</summary>
public enum FileKind
{
    Regular,
    Directory,
    SymbolicLink,
    CharacterDevice,
    BlockDevice,
    Fifo,
    Socket,
    Unknown,
}

/// <summary>Who a file belongs to.</summary>
public readonly record struct FileOwner(uint User, uint Group)
{
    /// <summary>0:0, which COPY gives everything.</summary>
    public static FileOwner Root => default;
}

/// <summary>A point in time as stat(2) has it, from 1970.</summary>
public readonly record struct FileTime(long Seconds, uint Nanoseconds)
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>One number for comparing and storing; it wraps outside the years 1678 to 2262.</summary>
    public long TotalNanoseconds => unchecked((Seconds * NanosecondsPerSecond) + Nanoseconds);
}

/// <summary>What stat(2) says of a file.</summary>
public readonly record struct FileStatus
{
    private const int TypeMask = 0xf000;
    private const int TypeShift = 12;

    /// <summary>Type and permissions: st_mode.</summary>
    public uint Mode { get; init; }

    public FileOwner Owner { get; init; }

    public long Size { get; init; }

    /// <summary>Less than the size where a file has holes.</summary>
    public long AllocatedSize { get; init; }

    public ulong Device { get; init; }

    public ulong Inode { get; init; }

    public uint LinkCount { get; init; }

    /// <summary>What a device node stands for, as mknod(2) takes it.</summary>
    public ulong RawDevice { get; init; }

    public FileTime Accessed { get; init; }

    public FileTime Modified { get; init; }

    /// <summary>When content or attributes last changed; nobody can set it.</summary>
    public FileTime Changed { get; init; }

    /// <summary>The twelve permission bits, with set-user-id, set-group-id and sticky.</summary>
    public uint Permissions => Mode & PermissionBits.All;

    /// <summary>sys/stat.h, S_IFMT.</summary>
    public FileKind Kind => ((Mode & TypeMask) >> TypeShift) switch
    {
        0x1 => FileKind.Fifo,
        0x2 => FileKind.CharacterDevice,
        0x4 => FileKind.Directory,
        0x6 => FileKind.BlockDevice,
        0x8 => FileKind.Regular,
        0xa => FileKind.SymbolicLink,
        0xc => FileKind.Socket,
        _ => FileKind.Unknown,
    };

    public bool IsDirectory => Kind == FileKind.Directory;
}
