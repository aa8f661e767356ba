using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Runtime.Archives;

/// <summary>
/// Reads a stream on a thread of its own, ahead of whoever reads this one, and takes the SHA-256 of all that passes. Unpacking, hashing
/// and making files are each as slow as a disk: one after the other they would take twice as long as tar(1), which leaves the first to another process.
/// </summary>
internal sealed class ReadAheadStream : ForwardStream
{
    private const int ChunkSize = 256 * 1024;
    private const int Chunks = 8;

    private readonly Stream source;
    private readonly long limit;
    private readonly CancellationTokenSource stop;
    private readonly BlockingCollection<Chunk> filled = [];
    private readonly BlockingCollection<byte[]> empty = [];
    private readonly ContentHasher hash = new();
    private readonly Thread thread;
    private ExceptionDispatchInfo? failure;
    private Chunk current;
    private int position;

    /// <param name="source">Disposed of with this stream.</param>
    /// <param name="limit">More bytes than this are an <see cref="ArchiveException"/>.</param>
    /// <param name="cancellationToken">Ends both sides.</param>
    public ReadAheadStream(Stream source, long limit, CancellationToken cancellationToken)
    {
        this.source = source;
        this.limit = limit;
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        for (var i = 0; i < Chunks; i++)
        {
            empty.Add(new byte[ChunkSize], CancellationToken.None);
        }

        thread = new Thread(ReadAll) { IsBackground = true, Name = "archive reader" };
        thread.Start();
    }

    /// <summary>Bytes given out so far.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Of everything, once <see cref="Read"/> has returned 0.</summary>
    public Digest? Digest { get; private set; }

    public override int Read(Span<byte> buffer)
    {
        if (position == current.Length && !buffer.IsEmpty && !MoveNext())
        {
            return 0;
        }

        var count = Math.Min(buffer.Length, current.Length - position);
        current.Buffer.AsSpan(position, count).CopyTo(buffer);
        position += count;
        BytesRead += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !filled.IsAddingCompleted)
        {
            stop.Cancel();
        }

        if (disposing)
        {
            thread.Join();
            source.Dispose();
            hash.Dispose();
            filled.Dispose();
            empty.Dispose();
            stop.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool MoveNext()
    {
        if (current.Buffer is not null)
        {
            empty.Add(current.Buffer, CancellationToken.None);
            (current, position) = (default, 0);
        }

        if (filled.TryTake(out current, Timeout.Infinite, stop.Token))
        {
            return true;
        }

        failure?.Throw();
        Digest ??= hash.Finish();
        return false;
    }

    private void ReadAll()
    {
        try
        {
            var total = 0L;
            hash.Begin(long.MaxValue);
            while (true)
            {
                var buffer = empty.Take(stop.Token);
                var count = source.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
                if (count == 0)
                {
                    return;
                }

                total += count;
                if (total > limit)
                {
                    throw new ArchiveException($"it unpacks to more than {limit} bytes, which is the limit", limit);
                }

                hash.Append(buffer.AsSpan(0, count));
                filled.Add(new Chunk(buffer, count), stop.Token);
            }
        }
        // Whatever it is, it belongs to the thread that reads.
        catch (Exception e)
        {
            failure = ExceptionDispatchInfo.Capture(e);
        }
        finally
        {
            filled.CompleteAdding();
        }
    }

    private readonly record struct Chunk(byte[] Buffer, int Length);
}
