using System.Buffers.Binary;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Images.BaseImages;

/// <summary>The key of a base image that did not come as one stream.</summary>
internal static class TreeKey
{
    /// <summary>Of names, kinds, owners, permissions, links, attributes and contents. Times make no difference.</summary>
    public static Digest Of(RootedDirectory root, CancellationToken cancellationToken)
    {
        var digester = new TreeDigester(root, cache: null, cancellationToken);
        digester.AddContents(UnixPath.Empty, filter: null);

        var hasher = new Sha256Hasher();
        Span<byte> content = stackalloc byte[Digest.Size];
        digester.Finish().CopyTo(content);
        hasher.Append(content);
        AppendOwners(hasher, root, cancellationToken);
        return hasher.Finish();
    }

    /// <summary>
    /// The digester leaves owners out, because COPY gives files new ones, and the top directory, because its contents go elsewhere. In a
    /// base image they stay, and what RUN may do depends on them.
    /// </summary>
    private static void AppendOwners(Sha256Hasher hasher, RootedDirectory root, CancellationToken cancellationToken)
    {
        var top = root.Stat(UnixPath.Empty, followLink: false);
        hasher.AppendNumber((int)top.Permissions);
        Append(hasher, top.Owner);
        foreach (var entry in TreeEntries.Of(root, UnixPath.Empty, cancellationToken))
        {
            hasher.Append(entry.Path.Name.Terminated);
            Append(hasher, entry.Status.Owner);
        }
    }

    private static void Append(Sha256Hasher hasher, FileOwner owner)
    {
        Span<byte> numbers = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(numbers, owner.User);
        BinaryPrimitives.WriteUInt32LittleEndian(numbers[4..], owner.Group);
        hasher.Append(numbers);
    }
}
