namespace Kleene.Build.Runtime.Images.BaseImages;

/// <summary>Tells how much of a stream has been read, about every megabyte and at its end.</summary>
internal sealed class CountedStream(Stream source, Action<long> report) : Archives.ForwardStream
{
    private const long Interval = 1 << 20;

    private long done;
    private long reported;

    public override int Read(Span<byte> buffer)
    {
        var count = source.Read(buffer);
        done += count;
        if (done - reported >= Interval || (count == 0 && reported != done))
        {
            reported = done;
            report(done);
        }

        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }
}
