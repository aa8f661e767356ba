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

    /// <summary>The digester leaves owners out, because COPY gives files new ones. In a base image they stay, and what RUN may do depends on them.</summary>
    private static void AppendOwners(Sha256Hasher hasher, RootedDirectory root, CancellationToken cancellationToken)
    {
        Span<byte> owner = stackalloc byte[8];
        var waiting = new Stack<UnixPath>([UnixPath.Empty]);
        while (waiting.TryPop(out var path))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var directory = root.OpenDirectory(path, LinkRule.Refuse);
            var names = DirectoryListing.Read(directory) ?? throw FileOperationException.Last("list", path);
            for (var i = 0; i < names.Count; i++)
            {
                var child = path.Append(names[i][..^1]);
                if (!FileCalls.TryStat(directory, names[i], out var status))
                {
                    throw FileOperationException.Last("read", child);
                }

                hasher.Append(names[i]);
                BinaryPrimitives.WriteUInt32LittleEndian(owner, status.Owner.User);
                BinaryPrimitives.WriteUInt32LittleEndian(owner[4..], status.Owner.Group);
                hasher.Append(owner);
                if (status.IsDirectory)
                {
                    waiting.Push(child);
                }
            }
        }
    }
}
