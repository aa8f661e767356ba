using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Builder.Contexts;

/// <summary>
/// Remembers the digest of every file of a context together with what stat(2) said of it, so that a build reads only what changed.
/// A file whose state is so young that one more write could leave the same times is not remembered (git calls it racily clean).
/// It is only ever a saving: what cannot be read or written is done without.
/// </summary>
public sealed class StatCache : IDigestCache
{
    /// <summary>Coarser than any clock that stamps files, but for those that count whole seconds.</summary>
    private const long FineGranularity = 50_000_000;

    /// <summary>FAT counts two seconds.</summary>
    private const long CoarseGranularity = 2_000_000_000;

    private const int BlockLength = 1024;

    private readonly string path;
    private readonly long startedAt;
    private readonly Lazy<StatTable> known;
    private readonly Lock gate = new();
    private readonly List<StatEntry[]> fullBlocks = [];
    private StatEntry[] block = [];
    private int blockLength;

    private StatCache(string path, long startedAt)
    {
        this.path = path;
        this.startedAt = startedAt;
        known = new Lazy<StatTable>(() => Load(path));
    }

    /// <summary>
    /// Knows what an earlier build left in a file, which is read when somebody asks for the first digest; one that is missing, broken or of another
    /// version counts as empty. What changes from now on is young.
    /// </summary>
    public static StatCache Open(string path, TimeProvider time) =>
        new(path, (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick);

    public bool TryGet(in FileStatus status, out Digest digest) => known.Value.TryGet(status, out digest);

    public void Add(in FileStatus status, Digest digest)
    {
        var changed = status.Changed.TotalNanoseconds;
        var granularity = status.Changed.Nanoseconds == 0 ? CoarseGranularity : FineGranularity;
        if (changed > startedAt - granularity || !StatEntry.TryCreate(status, digest, out var entry))
        {
            return;
        }

        lock (gate)
        {
            if (blockLength == block.Length)
            {
                if (blockLength > 0)
                {
                    fullBlocks.Add(block);
                }

                // In blocks, because a list of a million would for a moment need three times its size.
                block = new StatEntry[BlockLength];
                blockLength = 0;
            }

            block[blockLength++] = entry;
        }
    }

    /// <summary>Replaces the file when there is something new. Another build that saves at the same time wins or loses as a whole.</summary>
    public void Save()
    {
        lock (gate)
        {
            if (blockLength == 0)
            {
                return;
            }

            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path) ?? "/");

                // Held by one at a time; what a crash left is written over.
                using var stream = new FileStream(path + ".new", FileMode.Create, FileAccess.Write, FileShare.None);
                known.Value.Write(stream, [.. fullBlocks, block[..blockLength]]);
                stream.Flush();
                File.Move(path + ".new", path, overwrite: true);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // A build does not fail for want of a cache: a full disk or another build that is saving shows where it matters.
                return;
            }

            fullBlocks.Clear();
            block = [];
            blockLength = 0;
        }
    }

    private static StatTable Load(string path)
    {
        using var traced = Tracer.Begin("load what is known of files");
        return StatTable.Read(path);
    }
}
