namespace Kleene.Build.Runtime.Archives;

/// <summary>Lets the first bytes of a stream be looked at before they are read. Owns the stream it reads.</summary>
internal sealed class PeekStream(Stream source) : ForwardStream
{
    private readonly byte[] buffer = new byte[64 * 1024];
    private int start;
    private int end;

    /// <summary>Bytes read so far, without those only peeked at.</summary>
    public long Consumed { get; private set; }

    /// <summary>The next bytes: as many as asked for, or fewer at the end of the stream.</summary>
    public ReadOnlySpan<byte> Peek(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, buffer.Length);
        if (end - start < count)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
            end += source.ReadAtLeast(buffer.AsSpan(end), count - end, throwOnEndOfStream: false);
        }

        return buffer.AsSpan(start, Math.Min(count, end - start));
    }

    public override int Read(Span<byte> target)
    {
        if (start == end && target.Length >= buffer.Length)
        {
            var direct = source.Read(target);
            Consumed += direct;
            return direct;
        }

        var count = Math.Min(target.Length, Refill());
        buffer.AsSpan(start, count).CopyTo(target);
        start += count;
        Consumed += count;
        return count;
    }

    // The bzip2 decoder reads byte by byte.
    public override int ReadByte()
    {
        if (Refill() == 0)
        {
            return -1;
        }

        Consumed++;
        return buffer[start++];
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Refill()
    {
        if (start == end)
        {
            start = 0;
            end = source.Read(buffer);
        }

        return end - start;
    }
}
