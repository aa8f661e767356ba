using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>What a digest takes of one name in a directory.</summary>
/// <param name="Body">Of the content, the link's target or the device, with the attributes.</param>
/// <param name="Size">Only told: the body says it too.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct EntryDigest(FileKind Kind, uint Permissions, Digest Body, long Size)
{
    public bool IsSet => Body != default;

    /// <summary>In no digest.</summary>
    public FileTime Modified { get; init; }

    /// <summary>What a <see cref="TreeFingerprint"/> adds for it.</summary>
    public ulong Stamp { get; init; }

    public void AppendTo(Sha256Hasher hasher, ReadOnlySpan<byte> name)
    {
        hasher.AppendField(name);
        hasher.AppendNumber((int)((uint)Kind << 16 | Permissions));
        hasher.AppendDigest(Body);
    }
}

/// <summary>Hashes what a name in a directory stands for, and nothing when the cache knows it.</summary>
internal sealed class EntryHasher(IDigestCache? cache, CancellationToken cancellationToken)
{
    /// <summary>A file that changes under each of these is being written all the time.</summary>
    private const int ReadAttempts = 3;

    /// <param name="directory">The open directory, whose path is told only for messages.</param>
    /// <param name="name">Ends in NUL.</param>
    /// <param name="status">What stat(2) said; afterwards that of what was read.</param>
    public EntryDigest Hash(SafeFileHandle directory, UnixPath directoryPath, ReadOnlySpan<byte> name, ref FileStatus status, ContentHasher tools) =>
        status.Kind switch
        {
            FileKind.Regular => HashRegular(directory, directoryPath, name, ref status, tools),

            // A link's own permissions mean nothing and differ between systems.
            FileKind.SymbolicLink => new EntryDigest(FileKind.SymbolicLink, 0, HashLink(directory, directoryPath, name, tools), status.Size),
            _ => new EntryDigest(status.Kind, status.Permissions, HashDevice(status, tools), 0),
        };

    /// <summary>The content's digest itself when there are no attributes: nearly always.</summary>
    public static Digest HashAttributes(SafeFileHandle file, Digest content, ContentHasher tools)
    {
        if (!ExtendedAttributes.Any(file) || ExtendedAttributes.Read(file) is not { Count: > 0 } attributes)
        {
            return content;
        }

        tools.Small.AppendDigest(content);
        foreach (var (name, value) in attributes)
        {
            tools.Small.AppendField(name.Bytes);
            tools.Small.AppendField(value);
        }

        return tools.Small.Finish();
    }

    private EntryDigest HashRegular(SafeFileHandle directory, UnixPath directoryPath, ReadOnlySpan<byte> name, ref FileStatus status, ContentHasher tools)
    {
        var body = HashFile(directory, directoryPath, name, ref status, tools);
        return new EntryDigest(FileKind.Regular, status.Permissions, body, status.Size);
    }

    private static Digest HashLink(SafeFileHandle directory, UnixPath directoryPath, ReadOnlySpan<byte> name, ContentHasher tools)
    {
        tools.Small.Append(FileCalls.ReadLink(directory, name) ?? throw new FileChangedException(directoryPath.Append(name[..^1])));
        return tools.Small.Finish();
    }

    private static Digest HashDevice(in FileStatus status, ContentHasher tools)
    {
        Span<byte> device = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(device, status.RawDevice);
        tools.Small.Append(device);
        return tools.Small.Finish();
    }

    private Digest HashFile(SafeFileHandle directory, UnixPath directoryPath, ReadOnlySpan<byte> name, ref FileStatus status, ContentHasher tools)
    {
        if (cache is not null && cache.TryGet(status, out var known))
        {
            return known;
        }

        var path = directoryPath.Append(name[..^1]);
        for (var attempt = 1; ; attempt++)
        {
            // O_NONBLOCK: what was a file may be a fifo by now, and its opener would wait for a writer.
            using var file = FileCalls.Open(directory, name, Abi.O_RDONLY | Abi.O_NONBLOCK)
                ?? throw (Errno.Last == Errno.ENOENT ? new FileChangedException(path) : FileOperationException.Last("read", path));
            if (!tools.TryHash(file, status.Size, cancellationToken, out var digest) || !FileCalls.TryStat(file, out var after))
            {
                throw FileOperationException.Last("read", path);
            }

            digest = HashAttributes(file, digest, tools);
            if (after == status with { AllocatedSize = after.AllocatedSize })
            {
                cache?.Add(status, digest);
                return digest;
            }

            if (after.Kind != FileKind.Regular || attempt == ReadAttempts)
            {
                throw new FileChangedException(path);
            }

            status = after;
        }
    }
}
