using System.Buffers.Binary;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Runtime.Files;

/// <summary>One name of a <see cref="FileList"/>.</summary>
/// <param name="Path">Relative to the root that was looked through.</param>
/// <param name="Size">In bytes; 0 for what has no content.</param>
/// <param name="Hash">Half of the SHA-256 of content, link target or device, with the extended attributes: enough to tell two apart.</param>
public sealed record FileListEntry(UnixPath Path, FileKind Kind, uint Permissions, long Size, UInt128 Hash)
{
    internal static FileListEntry Of(UnixPath path, in EntryDigest entry)
    {
        Span<byte> hash = stackalloc byte[Digest.Size];
        entry.Body.CopyTo(hash);
        return new FileListEntry(path, entry.Kind, entry.Permissions, entry.Size, BinaryPrimitives.ReadUInt128BigEndian(hash));
    }
}
