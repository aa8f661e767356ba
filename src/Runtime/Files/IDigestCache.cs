using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Runtime.Files;

/// <summary>Remembers the digests of files that have not changed since. Asked and told by several threads.</summary>
public interface IDigestCache
{
    /// <param name="status">What stat(2) says of the file now.</param>
    bool TryGet(in FileStatus status, out Digest digest);

    /// <param name="status">What stat(2) said before and after the content was read.</param>
    void Add(in FileStatus status, Digest digest);
}
