using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Runtime.Fetching;

/// <summary>A file that was fetched and lies on this machine.</summary>
/// <param name="Path">Absolute. Nobody writes to it.</param>
/// <param name="Digest">Of its content.</param>
/// <param name="Modified">When the server says that it was last changed; the beginning of 1970 when it does not say.</param>
public sealed record Download(string Path, Digest Digest, FileTime Modified);
